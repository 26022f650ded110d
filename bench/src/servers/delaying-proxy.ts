import { spawnNode } from "@holdfast/test-servers";
import type { AtEnd } from "../scenario.js";

/**
 * A proxy in a process of its own, whose CPU is nobody's: every round trip takes so much longer.
 *
 * @returns the URL with which the server is reached through it.
 */
export async function startDelayingProxy(atEnd: AtEnd, url: string, delayMs: number): Promise<string> {
  const { hostname, port } = new URL(url);
  const script = new URL("./proxy-process.mjs", import.meta.url);
  const child = await spawnNode(script, { args: [hostname, port, String(delayMs)] });
  atEnd(() => child.kill());
  const proxied = new URL(url);
  proxied.hostname = "127.0.0.1";
  proxied.port = String(await child.nextMessage());
  return proxied.href;
}

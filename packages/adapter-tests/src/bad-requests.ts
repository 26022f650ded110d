import { Agent, get } from "node:http";
import type { AddressInfo } from "node:net";
import { spawnNode } from "@holdfast/test-servers";
import { expect, it } from "vitest";
import { bundleChild } from "./bundled-child.js";
import { storeEnvironment } from "./children/store-url.js";
import type { AdapterTarget } from "./target.js";

const REQUESTS = Number(process.env.HOLDFAST_TEST_REQUESTS ?? 500);
const AT_ONCE = 32;
const DURABILITIES = ["", "&durability=sync", "&durability=async", "&durability=exit"];

/** Registers the test of a server to which clients send requests without a thread. `HOLDFAST_TEST_REQUESTS` says how many requests. */
export function badRequestTests(target: AdapterTarget): void {
  it(`C-02 a server lives through ${REQUESTS} requests, of which one in ten has no thread_id or a bad one`, {
    timeout: 1_800_000,
  }, async () => {
    const [store, script] = await Promise.all([target.openStore(), bundleChild(new URL("request-server.ts", target.children))]);
    const server = await spawnNode(script.path, { env: storeEnvironment(store.url) });
    const { port } = (await server.nextMessage()) as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const counts: Record<string, number> = {};
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < REQUESTS) {
        const answer = await answerTo(`http://127.0.0.1:${port}${pathOf(next++)}`, agent);
        counts[answer] = (counts[answer] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    agent.destroy();
    expect(counts, server.stderr).toEqual({
      "200 ": REQUESTS * 0.9,
      "400 HOLDFAST_MISSING_THREAD_ID": REQUESTS * 0.05,
      "400 HOLDFAST_INVALID_THREAD_ID": REQUESTS * 0.05,
    });
    expect(server.stderr, "what the server complains of").toBe("");
    await server.kill();
    await Promise.all([store.drop(), script.remove()]);
  });
}

/** Of each twenty requests, one has no thread and one has an empty one. */
function pathOf(n: number): string {
  const durability = DURABILITIES[Math.floor(n / 20) % DURABILITIES.length];
  if (n % 20 === 3) return `/?none${durability}`;
  return `/?thread=${n % 20 === 13 ? "" : `user-${n % 97}`}${durability}`;
}

function answerTo(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve(`${response.statusCode} ${body}`));
      response.on("error", reject);
    }).on("error", reject);
  });
}

import { RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";
import type { RedisSentinel } from "@holdfast/test-servers";

/** How a part of a server is written down: the server's URL, and the prefix of the keys as its fragment. */
export function storeUrl(server: string, keyPrefix: string): string {
  const url = new URL(server);
  url.hash = encodeURIComponent(keyPrefix);
  return url.href;
}

export function partsOfStoreUrl(text: string): { readonly server: string; readonly keyPrefix: string } {
  const url = new URL(text);
  const keyPrefix = decodeURIComponent(url.hash.slice(1)) || "holdfast";
  url.hash = "";
  return { server: url.href, keyPrefix };
}

/** The same for servers that sentinels watch, of which two must have a write. */
export function sentinelStoreUrl(group: RedisSentinel): string {
  const [first] = group.servers;
  const url = new URL(first?.url ?? "");
  url.searchParams.set("name", group.name);
  url.searchParams.set("sentinels", JSON.stringify(group.sentinels));
  return url.href;
}

/** A saver with a client of its own. */
export function openStore(url: string, options?: RedisSaverOptions): RedisSaver {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const { searchParams, password } = new URL(server);
  const [name, sentinels] = [searchParams.get("name"), searchParams.get("sentinels")];
  if (name !== null && sentinels !== null) {
    const client = { sentinels: JSON.parse(sentinels), name, password: decodeURIComponent(password) };
    return new RedisSaver(client, { durability: { replicas: 1 }, ...options });
  }
  return RedisSaver.fromUrl(server, { keyPrefix, ...options });
}

import { keysUnder, onServer, threadKey } from "./keyspace.js";
import { partsOfStoreUrl } from "./store-url.js";

/** Says of a thread that it is in such a format. */
export function setFormat(url: string, threadId: string, format: number): Promise<unknown> {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  return onServer(server, (redis) => redis.hset(threadKey(keyPrefix, threadId, "thread"), "format", format));
}

/** Each key of the threads as it is, with its time. */
export async function contents(url: string): Promise<unknown[]> {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const keys = (await keysUnder([server], keyPrefix)).filter((key) => !key.includes(":index:"));
  return onServer(server, (redis) =>
    Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key), await redis.call("PEXPIRETIME", key)])),
  );
}

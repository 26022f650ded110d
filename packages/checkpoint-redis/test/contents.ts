import type { Redis } from "ioredis";
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
    Promise.all(keys.map(async (key) => [key, await valueOf(redis, key), await redis.call("PEXPIRETIME", key)])),
  );
}

/** What a key holds. Not by DUMP: in that, the fields of a hash change places when the server makes it larger, which it does while others read. */
async function valueOf(redis: Redis, key: string): Promise<unknown> {
  if ((await redis.type(key)) === "zset") return redis.zrangeBuffer(key, "0", "-1", "WITHSCORES");
  const fields = await redis.hkeysBuffer(key);
  return Promise.all(fields.sort((a, b) => a.compare(b)).map(async (field) => [field, await redis.hgetBuffer(key, field)]));
}

import { randomUUID } from "node:crypto";
import { newerFormatTests } from "@holdfast/adapter-tests";
import { afterAll, expect, inject, it } from "vitest";
import { at, put, read } from "./checkpoints.js";
import { closeCounted, openCounted } from "./counted-savers.js";
import { keysUnder, onServer, threadKey } from "./keyspace.js";
import { retentionTarget } from "./retention-target.js";
import { partsOfStoreUrl, storeUrl } from "./store-url.js";

function setFormat(url: string, threadId: string, format: number): Promise<unknown> {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  return onServer(server, (redis) => redis.hset(threadKey(keyPrefix, threadId, "thread"), "format", format));
}

/** Each key of the threads as it is, with its time. */
async function contents(url: string): Promise<unknown[]> {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const keys = (await keysUnder([server], keyPrefix)).filter((key) => !key.includes(":index:"));
  return onServer(server, (redis) =>
    Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key), await redis.call("PEXPIRETIME", key)])),
  );
}

newerFormatTests({ ...retentionTarget, setFormat, contents });

const url = storeUrl(inject("holdfastRedisUrl"), randomUUID());
const saver = openCounted(url, { ttl: { defaultTTL: 60, refreshOnRead: true } });
afterAll(async () => closeCounted(saver));

it("C-82 C-86 the time of a thread in a higher format stays as it is", async () => {
  await put(saver, "thread");
  await setFormat(url, "thread", 2);
  const before = await contents(url);
  for (const run of [() => read(saver, "thread"), () => saver.persist("thread"), () => saver.getTuple(at("thread", "1"))]) {
    await expect(run()).rejects.toMatchObject({ code: "HOLDFAST_SCHEMA_TOO_NEW" });
  }
  expect(await contents(url)).toEqual(before);
});

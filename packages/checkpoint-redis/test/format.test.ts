import { randomUUID } from "node:crypto";
import type { RedisSaver } from "@holdfast/checkpoint-redis";
import { afterAll, beforeEach, expect, inject, it } from "vitest";
import { at, put, write } from "./checkpoints.js";
import { closeCounted, openCounted } from "./counted-savers.js";
import { keysUnder, onServer, threadKey } from "./keyspace.js";
import { storeUrl } from "./store-url.js";

const server = inject("holdfastRedisUrl");
const keyPrefix = randomUUID();
const OPTIONS = { ttl: { defaultTTL: 60, refreshOnRead: true }, retention: { keepLast: 1 } };
const saver = openCounted(storeUrl(server, keyPrefix), OPTIONS);

afterAll(async () => closeCounted(saver));
beforeEach(async () => {
  await put(saver, "thread");
  await write(saver, "thread");
  await onServer(server, (redis) => redis.hset(threadKey(keyPrefix, "thread", "thread"), "format", 2));
});

/** Each key of the thread as it is, with its time. */
async function contents(): Promise<unknown[]> {
  const keys = (await keysUnder([server], keyPrefix)).filter((key) => !key.includes(":index:"));
  return onServer(server, (redis) =>
    Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key), await redis.call("PEXPIRETIME", key)])),
  );
}

const operations: Record<string, (saver: RedisSaver) => Promise<unknown>> = {
  put: (by) => put(by, "thread", { id: "2" }),
  "put of what is there": (by) => put(by, "thread"),
  putWrites: (by) => write(by, "thread", "another task"),
  getTuple: (by) => by.getTuple(at("thread")),
  "getTuple by id": (by) => by.getTuple(at("thread", "1")),
  list: (by) => by.list(at("thread")).next(),
  "list with a filter": (by) => by.list(at("thread"), { filter: { step: 0 } }).next(),
  "list of all threads": (by) => by.list({}).next(),
  getDeltaChannelHistory: (by) => by.getDeltaChannelHistory({ config: at("thread", "1"), channels: ["a"] }),
  deleteThread: (by) => by.deleteThread("thread"),
  persist: (by) => by.persist("thread"),
  acquireThread: (by) => by.acquireThread("thread"),
  prune: (by) => by.prune(["thread"]),
  deleteForRuns: (by) => by.deleteForRuns(["a run"]),
  copyThread: (by) => by.copyThread("thread", "copy"),
  listThreads: (by) => by.listThreads().next(),
  stats: (by) => by.stats("thread"),
  "stats of all": (by) => by.stats(),
  sweep: (by) => by.sweep(),
};

for (const [name, run] of Object.entries(operations)) {
  it(`C-82 ${name} on a thread in a higher format is refused, and changes nothing`, async () => {
    const before = await contents();
    expect(before).toHaveLength(5);
    for (const by of [saver, openCounted(storeUrl(server, keyPrefix), { retention: { keepLast: 1 } })]) {
      await expect(run(by)).rejects.toMatchObject({
        code: "HOLDFAST_SCHEMA_TOO_NEW",
        message: expect.stringContaining("format 2"),
      });
      if (by !== saver) await closeCounted(by);
    }
    expect(await contents()).toEqual(before);
    await onServer(server, (redis) => redis.hset(threadKey(keyPrefix, "thread", "thread"), "format", 1));
  });
}

it("C-82 a thread beside it is as usual", async () => {
  await put(saver, "other");
  expect(await saver.getTuple(at("other"))).toBeDefined();
});

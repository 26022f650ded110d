import { at, checkpointOf, problemsIn, putWhole, uniqueText, verifyTests } from "@holdfast/adapter-tests";
import { encodeId } from "@holdfast/checkpoint-core/adapter";
import type { RedisSaver } from "@holdfast/checkpoint-redis";
import type { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contents, setFormat } from "./contents.js";
import { openCounted } from "./counted-savers.js";
import { keysUnder, onServer, threadKey } from "./keyspace.js";
import { retentionTarget } from "./retention-target.js";
import { rewriteRows } from "./rewrite-rows.js";
import { partsOfStoreUrl } from "./store-url.js";

const memberOf = (checkpointId: string): Buffer => Buffer.concat([Buffer.of(0), encodeId(checkpointId)]);

/** Runs commands beneath a saver. `key` names a part of a thread. */
function beneath<T>(url: string, work: (redis: Redis, key: (thread: string, part: string) => string) => Promise<T>): Promise<T> {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  return onServer(server, (redis) => work(redis, (thread, part) => threadKey(keyPrefix, thread, part)));
}

verifyTests({
  ...retentionTarget,
  rewrite: rewriteRows,
  setFormat,
  contents,
  openWith: (url, serde) => openCounted(url, { serde }),
  dropSegments: (url, thread) => beneath(url, (redis, key) => redis.del(key(thread, "segments"))),
  loseCheckpoint: (url, thread, checkpointId) =>
    beneath(url, async (redis, key) => {
      await redis.hdel(key(thread, "checkpoints"), memberOf(checkpointId));
      await redis.zrem(key(thread, "order"), memberOf(checkpointId));
    }),
});

describe("what threads and checkpoints are found by", () => {
  let store: Awaited<ReturnType<typeof retentionTarget.openStore>>;
  let saver: RedisSaver;
  let [first, second] = ["", ""];

  beforeEach(async () => {
    store = await retentionTarget.openStore();
    saver = openCounted(store.url, { ttl: { defaultTTL: 60 } });
    const [one, two] = [checkpointOf({ text: uniqueText(1) }), checkpointOf({ text: uniqueText(2) }, 2)];
    [first, second] = [one.id, two.id];
    await putWhole(saver, "thread", one);
    await putWhole(saver, "thread", two, first);
    await saver.putWrites(at("thread", second), [["text", "a write"]], "task");
    expect(problemsIn(await saver.verify())).toEqual([]);
  });
  afterEach(async () => {
    await retentionTarget.close(saver);
    await store.drop();
  });

  const damage = (work: (redis: Redis, key: (part: string) => string) => Promise<unknown>): Promise<unknown> =>
    beneath(store.url, (redis, key) => work(redis, (part) => key("thread", part)));
  /** The three keys of the shard of the index that has the thread. */
  async function inIndex(work: (redis: Redis, key: string) => Promise<unknown>, part: string): Promise<void> {
    const { server, keyPrefix } = partsOfStoreUrl(store.url);
    const keys = (await keysUnder([server], keyPrefix)).filter((key) => key.includes(":index:") && key.endsWith(`:${part}`));
    expect(keys).toHaveLength(1);
    await onServer(server, (redis) => work(redis, String(keys[0])));
  }
  const index = { kind: "index", threadId: "thread" };
  const found = async (): Promise<unknown> => problemsIn(await saver.verify());

  it("C-29 a checkpoint without a place in the order is named", async () => {
    await damage((redis, key) => redis.zrem(key("order"), memberOf(first)));
    expect(await found()).toEqual([{ ...index, namespace: "", checkpointId: first }]);
  });

  it("C-29 a checkpoint that the order names, and that is not there, is missing", async () => {
    await damage((redis, key) => redis.hdel(key("checkpoints"), memberOf(first)));
    expect(await found()).toEqual([{ kind: "missing-checkpoint", threadId: "thread", namespace: "", checkpointId: first }]);
  });

  it("C-29 another latest checkpoint than the one that was committed last is named", async () => {
    await damage((redis, key) => redis.hset(key("thread"), "latest:", encodeId(first)));
    expect(await found()).toEqual([{ ...index, namespace: "" }]);
  });

  it("C-29 wrong counts of hidden checkpoints and of commits are named", async () => {
    await damage((redis, key) => redis.hset(key("thread"), "hidden", 1, "commits", 1));
    expect(await found()).toEqual([index, index]);
  });

  it.for(["created", "updated"])("C-29 a thread without its entry by when it was %s is found, and named", async (part) => {
    await inIndex((redis, key) => redis.del(key), part);
    expect(await found()).toEqual([index]);
    expect(problemsIn(await saver.verify("thread"))).toEqual([index]);
  });

  it("C-29 an entry that expires before its thread is named", async () => {
    await inIndex((redis, key) => redis.zincrby(key, -70 * 60_000, "thread"), "expiry");
    expect(await found()).toEqual([index]);
  });

  it("C-29 keys of a thread that do not expire together are named", async () => {
    await damage((redis, key) => redis.persist(key("segments")));
    expect(await found()).toEqual([index, index]);
  });

  it("C-29 rows whose thread's own record was evicted are named", async () => {
    await damage((redis, key) => redis.del(key("thread")));
    expect(await found()).toEqual([index]);
  });

  it("C-29 rows that cannot be taken apart are damaged, and the others are looked at", async () => {
    await damage(async (redis, key) => {
      const row = (await redis.hgetBuffer(key("checkpoints"), memberOf(first))) as Buffer;
      await redis.hset(key("checkpoints"), memberOf(first), row.subarray(0, 10));
      await redis.hset(key("writes"), memberOf("to come"), Buffer.from("no slots, but some text"));
    });
    const damaged = { kind: "damaged", threadId: "thread", namespace: "" };
    const report = await saver.verify();
    expect(problemsIn(report)).toEqual([
      { ...damaged, checkpointId: first },
      { ...damaged, checkpointId: "to come" },
    ]);
    expect(report).toMatchObject({ checkpoints: 1, pendingWrites: 1 });
  });

  it("C-29 a key that is no hash any more is a failure of the store, for its thread alone", async () => {
    await putWhole(saver, "other", checkpointOf({ a: 1 }));
    await damage((redis, key) => redis.set(key("order"), "text"));
    const report = await saver.verify();
    expect(problemsIn(report)).toEqual([{ kind: "store-failure", threadId: "thread" }]);
    expect(report.threads).toBe(2);
  });
});

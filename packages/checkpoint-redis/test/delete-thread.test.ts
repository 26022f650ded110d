import { randomUUID } from "node:crypto";
import type { RedisSaver } from "@holdfast/checkpoint-redis";
import { gate } from "@holdfast/test-servers";
import { afterAll, expect, inject, it } from "vitest";
import { at, put, read, write } from "./checkpoints.js";
import { askedBy, closeCounted, openCounted } from "./counted-savers.js";
import { keysUnder, onServer, threadKey } from "./keyspace.js";
import { storeUrl } from "./store-url.js";

const DAY_MS = 24 * 60 * 60 * 1_000;
const keyPrefix = randomUUID();
const server = inject("holdfastRedisUrl");
const saver: RedisSaver = openCounted(storeUrl(server, keyPrefix));

afterAll(async () => closeCounted(saver));

const keys = (): Promise<string[]> => keysUnder([server], keyPrefix);

/** Everything under the prefix in which a text stands: names of keys, members, fields and values. */
async function placesOf(text: string): Promise<string[]> {
  const names = await keys();
  return onServer(server, async (redis) => {
    const contents = {
      hash: async (key: string) => Object.entries(await redis.hgetall(key)).flat(),
      set: (key: string) => redis.smembers(key),
      zset: (key: string) => redis.zrange(key, "0", "-1"),
    };
    const places: string[] = [];
    for (const key of names) {
      const type = (await redis.type(key)) as keyof typeof contents;
      if ([key, ...(await contents[type](key))].some((each) => each.includes(text))) places.push(key);
    }
    return places;
  });
}

/** What a tombstone remembers. An id that is no UUID stands there behind a NUL. */
async function rememberedIn(tombstone: string): Promise<string[]> {
  const ids = await onServer(server, (redis) => redis.hkeys(tombstone));
  return ids.map((id) => id.replace("\0", "")).sort();
}

/** Of each, one is deleted while the others are looked at. */
const IDS = [
  "org",
  "org:1",
  "org:1:2",
  "org:*",
  "org?",
  "*",
  "?",
  "[a-z]",
  "a",
  "^",
  "\\",
  "{}",
  "{",
  "}",
  "%7B",
  "{org}",
  "org}:thread",
  "a b",
  " ",
  "\n",
  "é",
  "e\u0301",
  "日本語 🧵",
  "__proto__",
  "x".repeat(1_024),
  "🧵".repeat(256),
];

it("C-50 C-03 ids that look like patterns, tags, parts of one another or are 1 KB long: each is deleted alone", async () => {
  for (const id of IDS) {
    await put(saver, id);
    await write(saver, id);
  }
  const parts = ["thread", "checkpoints", "order", "segments", "writes"];
  for (const [n, id] of IDS.entries()) {
    await saver.deleteThread(id);
    const left = IDS.slice(n + 1);
    const expected = left.flatMap((other) => parts.map((part) => threadKey(keyPrefix, other, part)));
    const threads = (await keys()).filter((key) => !/:tombstone$|:index:\{\d+\}:/.test(key));
    expect(threads, `keys after ${id} was deleted`).toEqual(expected.sort());
    expect(await read(saver, id)).toBeUndefined();
  }
});

it("C-50 C-20 each of them stands in the list of all threads, and no other", async () => {
  const own = openCounted(storeUrl(server, `${keyPrefix}-listed`));
  for (const id of IDS) await put(own, id);
  const listed: unknown[] = [];
  for await (const { config } of own.list({})) listed.push(config.configurable?.thread_id);
  expect(listed.sort()).toEqual([...IDS].sort());
  await closeCounted(own);
});

it("C-50 C-51 nothing of a deleted thread is left but the ids of its checkpoints, for at most a day", async () => {
  const thread = `thread-${randomUUID()}`;
  const task = `task-${randomUUID()}`;
  await put(saver, thread, { id: "first" });
  await put(saver, thread, { id: "second", value: `${thread} ${"x".repeat(20_000)}` });
  await write(saver, thread, task, "second");
  const lease = await saver.acquireThread(thread);
  await lease.release();
  expect(await placesOf(thread), "while it is there").toHaveLength(7);
  await saver.deleteThread(thread);
  const tombstone = threadKey(keyPrefix, thread, "tombstone");
  expect(await placesOf(thread)).toEqual([tombstone]);
  expect(await placesOf(task)).toEqual([]);
  expect(await rememberedIn(tombstone)).toEqual(["first", "second"]);
  const left = await onServer(server, (redis) => redis.pttl(tombstone));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(DAY_MS);
});

it("C-51 a tombstone's day does not begin anew with each late write", async () => {
  const thread = "late";
  await put(saver, thread);
  await saver.deleteThread(thread);
  const tombstone = threadKey(keyPrefix, thread, "tombstone");
  await onServer(server, (redis) => redis.pexpire(tombstone, 50_000));
  const cold = openCounted(storeUrl(server, keyPrefix));
  const late = cold.put(
    at(thread, "1"),
    { v: 4, id: "2", ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} },
    { source: "loop", step: 1, parents: {} },
    {},
  );
  await expect(late).rejects.toMatchObject({ code: "HOLDFAST_THREAD_DELETED" });
  expect(await rememberedIn(tombstone), "what came late is as deleted as what it builds on").toEqual(["1", "2"]);
  expect(await onServer(server, (redis) => redis.pttl(tombstone))).toBeLessThanOrEqual(50_000);
  await closeCounted(cold);
});

it("C-51 a late write brings neither keys nor an entry in the index back, from whichever process", async () => {
  const thread = `late-${randomUUID()}`;
  await put(saver, thread);
  await saver.deleteThread(thread);
  for (const by of [saver, openCounted(storeUrl(server, keyPrefix))]) {
    await expect(write(by, thread)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_DELETED" });
    expect(await placesOf(thread)).toEqual([threadKey(keyPrefix, thread, "tombstone")]);
    if (by !== saver) await closeCounted(by);
  }
});

it("C-50 a delete that a lease refuses leaves the thread in the list of all threads", async () => {
  const thread = "leased";
  const own = openCounted(storeUrl(server, `${keyPrefix}-leased`));
  await put(own, thread);
  const lease = await own.acquireThread(thread);
  await expect(own.deleteThread(thread)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
  expect((await own.list({}).next()).value?.config.configurable?.thread_id).toBe(thread);
  await lease.release();
  await closeCounted(own);
});

const HOUR_MICROS = 3_600_000_000;

/** What the index has of a thread, without looking whether it is there. */
async function entryOf(prefix: string, thread: string): Promise<string[]> {
  const shards = (await keysUnder([server], prefix)).filter((key) => key.endsWith(":created"));
  return onServer(server, async (redis) => {
    const found: string[] = [];
    for (const shard of shards) if ((await redis.zscore(shard, thread)) !== null) found.push(shard);
    return found;
  });
}

it("C-50 the entry of a thread whose deletion broke off in the middle lists nothing, and a later sweep removes it", async () => {
  const prefix = `${keyPrefix}-broken-off`;
  const own = openCounted(storeUrl(server, prefix), { retention: { keepLast: 1 } });
  await put(own, "half");
  await put(own, "whole");
  const [shard = ""] = await entryOf(prefix, "half");
  const parts = ["thread", "checkpoints", "order", "segments", "writes"].map((part) => threadKey(prefix, "half", part));
  await onServer(server, (redis) => redis.del(...parts));
  expect((await own.sweep()).seen).toBe(1);
  expect(await entryOf(prefix, "half"), "the thread might be about to begin").toEqual([shard]);
  await onServer(server, (redis) => redis.zincrby(shard, -HOUR_MICROS, "half"));
  expect((await own.sweep()).seen).toBe(1);
  expect(await entryOf(prefix, "half")).toEqual([]);
  const listed: unknown[] = [];
  for await (const { threadId } of own.listThreads()) listed.push(threadId);
  expect(listed).toEqual(["whole"]);
  await closeCounted(own);
});

async function isListed(saver: RedisSaver, thread: string): Promise<boolean> {
  for await (const { config } of saver.list({})) if (config.configurable?.thread_id === thread) return true;
  return false;
}

it("C-50 a thread that begins while another of its id is deleted is listed, at whichever moment", async () => {
  const prefix = `${keyPrefix}-begun`;
  const [deleter, writer, reader] = [1, 2, 3].map(() => openCounted(storeUrl(server, prefix))) as [
    RedisSaver,
    RedisSaver,
    RedisSaver,
  ];
  for (let moment = 1, isOver = false; !isOver; moment += 1) {
    const thread = `thread ${moment}`;
    await put(writer, thread, { id: "old" });
    let requests = 0;
    askedBy(deleter).before = async () => {
      requests += 1;
      if (requests === moment) await put(writer, thread, { id: "new" });
    };
    await deleter.deleteThread(thread);
    askedBy(deleter).before = undefined;
    isOver = requests < moment;
    const isThere = (await read(reader, thread)) !== undefined;
    expect(await isListed(reader, thread), `begun before request ${moment}`).toBe(isThere);
    expect((await entryOf(prefix, thread)).length, `entries, when begun before request ${moment}`).toBe(isThere ? 1 : 0);
  }
  await Promise.all([deleter, writer, reader].map(closeCounted));
});

async function latestOf(saver: RedisSaver, thread: string): Promise<string | undefined> {
  return (await saver.getTuple(at(thread)))?.checkpoint.id;
}

it("C-50 a thread that begins while another of its id is deleted is listed, also where whoever begins it gets no further", async () => {
  const prefix = `${keyPrefix}-begun-by-one-that-dies`;
  const [deleter, reader] = [1, 2].map(() => openCounted(storeUrl(server, prefix))) as [RedisSaver, RedisSaver];
  for (let moment = 1, isOver = false; !isOver; moment += 1) {
    const thread = `thread ${moment}`;
    const writer = openCounted(storeUrl(server, prefix));
    await put(reader, thread, { id: "old" });
    let requests = 0;
    const [stuck, released] = [gate(), gate()];
    askedBy(deleter).before = async () => {
      requests += 1;
      if (requests !== moment) return;
      askedBy(writer).before = async () => {
        if ((await latestOf(reader, thread)) !== "new") return;
        stuck.open();
        await released.opened;
      };
      await Promise.race([put(writer, thread, { id: "new" }), stuck.opened]);
    };
    await deleter.deleteThread(thread);
    askedBy(deleter).before = undefined;
    isOver = requests < moment;
    const isThere = (await read(reader, thread)) !== undefined;
    expect(await isListed(reader, thread), `begun before request ${moment}`).toBe(isThere);
    released.open();
    await closeCounted(writer);
  }
  await Promise.all([deleter, reader].map(closeCounted));
});

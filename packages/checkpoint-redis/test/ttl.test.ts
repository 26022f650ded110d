// One file: every test looks at the expiry of all keys of a thread and of its index entry.
import { randomUUID } from "node:crypto";
import { integerOf, type Random, seeded } from "@holdfast/adapter-tests";
import { type RedisSaver, type TtlOptions, withTtl } from "@holdfast/checkpoint-redis";
import { eventually } from "@holdfast/test-servers";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import type { Redis } from "ioredis";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { at, put, read, write } from "./checkpoints.js";
import { askedBy, closeCounted, openCounted } from "./counted-savers.js";
import { keysUnder, onServer, threadKey } from "./keyspace.js";
import { storeUrl } from "./store-url.js";

const MINUTE_MS = 60_000;
const server = inject("holdfastRedisUrl");
let keyPrefix: string;
let savers: RedisSaver[] = [];

beforeEach(() => {
  keyPrefix = randomUUID();
});
afterEach(async () => {
  await Promise.all(savers.map(closeCounted));
  savers = [];
});

/** A saver as another process has it: nothing is known to it. */
function open(ttl?: TtlOptions): RedisSaver {
  const saver = openCounted(storeUrl(server, keyPrefix), ttl === undefined ? {} : { ttl });
  savers.push(saver);
  return saver;
}

/** When the keys of a thread expire, by part: milliseconds by the clock of the server, -1 for never. Only those that are there. */
async function expiries(thread: string): Promise<Record<string, number>> {
  const keys = await keysUnder([server], keyPrefix);
  const own = keys.filter((key) => key.startsWith(threadKey(keyPrefix, thread, "")) && !key.endsWith(":tombstone"));
  return onServer(server, async (redis) => {
    const times = await Promise.all(own.map((key) => redis.call("PEXPIRETIME", key)));
    return Object.fromEntries(own.map((key, n) => [key.slice(key.lastIndexOf(":") + 1), Number(times[n])]));
  });
}

/** In how many milliseconds a thread expires, -1 for never. Fails when it would not expire as a whole. */
async function lastsMs(thread: string): Promise<number> {
  const times = Object.values(await expiries(thread));
  expect(times.length, "parts of the thread").toBeGreaterThan(0);
  expect(new Set(times).size, `times of the parts of ${thread}: ${times}`).toBe(1);
  return onServer(server, (redis) => redis.pttl(threadKey(keyPrefix, thread, "thread")));
}

async function expectMinutes(thread: string, minutes: number): Promise<void> {
  const lasts = await lastsMs(thread);
  expect(lasts, "not longer").toBeLessThanOrEqual(minutes * MINUTE_MS);
  expect(lasts, "and about as long").toBeGreaterThan((minutes - 0.5) * MINUTE_MS);
}

async function serverMs(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** As if so much time had passed: the thread has only so much left. */
async function leave(thread: string, milliseconds: number): Promise<void> {
  const parts = Object.keys(await expiries(thread));
  await onServer(server, async (redis) => {
    const changes = redis.multi();
    const at = (await serverMs(redis)) + milliseconds;
    for (const part of parts) changes.call("PEXPIREAT", threadKey(keyPrefix, thread, part), at);
    await changes.exec();
  });
}

/** The shard of the index in which a thread stands, and when its entry expires there: -1 for never. */
async function entryOf(thread: string): Promise<{ readonly shard: string; readonly expires: number } | undefined> {
  const created = (await keysUnder([server], keyPrefix)).filter((key) => key.endsWith(":created"));
  return onServer(server, async (redis) => {
    for (const key of created) {
      if ((await redis.zscore(key, thread)) === null) continue;
      const shard = key.replace(/created$/, "");
      return { shard, expires: Number((await redis.zscore(`${shard}expiry`, thread)) ?? -1) };
    }
    return undefined;
  });
}

/** An entry that is gone before its thread would hide the thread from `list`. */
async function expectEntryOutlives(thread: string): Promise<void> {
  const { thread: threadExpires = 0 } = await expiries(thread);
  const entry = await entryOf(thread);
  expect(entry, "an entry in the index").toBeDefined();
  if (threadExpires === -1) expect(entry?.expires, "of a thread that never expires").toBe(-1);
  else if (entry?.expires !== -1) expect(entry?.expires).toBeGreaterThanOrEqual(threadExpires);
}

it("C-86 a write gives the thread its time anew, a read does not", async () => {
  const saver = open({ defaultTTL: 60 });
  await put(saver, "thread");
  await expectMinutes("thread", 60);
  await leave("thread", 10_000);
  expect(await read(saver, "thread")).toBeDefined();
  expect(await lastsMs("thread")).toBeLessThanOrEqual(10_000);
  await write(saver, "thread");
  await expectMinutes("thread", 60);
});

it("C-86 with refreshOnRead a read does, too, of the latest and of one by id", async () => {
  await put(open({ defaultTTL: 60 }), "thread");
  for (const id of [undefined, "1"]) {
    await leave("thread", 10_000);
    expect(await open({ defaultTTL: 60, refreshOnRead: true }).getTuple(at("thread", id))).toBeDefined();
    await expectMinutes("thread", 60);
    await expectEntryOutlives("thread");
  }
});

it("C-86 with refreshOnRead and no default, a read gives a thread with a time of its own that time, and no other a time", async () => {
  const saver = open({ refreshOnRead: true });
  await put(saver, "own", { config: (config) => withTtl(config, 30) });
  await leave("own", 10_000);
  await read(open({ refreshOnRead: true }), "own");
  await expectMinutes("own", 30);
  await put(saver, "forever");
  await read(saver, "forever");
  expect(await lastsMs("forever")).toBe(-1);
  await put(open({ defaultTTL: 60 }), "of another");
  await leave("of another", 10_000);
  await read(saver, "of another");
  expect(await lastsMs("of another"), "it does not know another's default").toBeLessThanOrEqual(10_000);
});

it("C-86 an entry of the index that would expire before its thread is prolonged by the read that prolongs the thread", async () => {
  await put(open({ defaultTTL: 60 }), "thread");
  const entry = await entryOf("thread");
  await onServer(server, async (redis) => redis.zadd(`${entry?.shard}expiry`, (await serverMs(redis)) + 1_000, "thread"));
  const reader = open({ defaultTTL: 60, refreshOnRead: true });
  await read(reader, "thread");
  await expectEntryOutlives("thread");
  const before = askedBy(reader).roundTrips;
  await read(reader, "thread");
  expect(askedBy(reader).roundTrips - before, "from then on, it is known to").toBe(1);
});

it("C-86 a saver without a time keeps that of the thread, for parts too that were not there", async () => {
  await put(open({ defaultTTL: 60 }), "thread");
  const { thread: before } = await expiries("thread");
  const plain = open();
  await write(plain, "thread");
  await plain.put(
    at("thread", "1"),
    { v: 4, id: "2", ts: "", channel_values: { b: "x".repeat(50_000) }, channel_versions: { b: 2 }, versions_seen: {} },
    { source: "loop", step: 1, parents: {} },
    { b: 2 },
  );
  const after = await expiries("thread");
  expect(Object.keys(after).sort()).toEqual(["checkpoints", "order", "segments", "thread", "writes"]);
  await expectMinutes("thread", 60);
  // The script knows how long is left, to the millisecond.
  expect(Math.abs((after.thread ?? 0) - (before ?? 0))).toBeLessThan(1_000);
});

it("C-86 a thread that has no time is given one by a saver that has a default", async () => {
  await put(open(), "thread");
  expect(await lastsMs("thread")).toBe(-1);
  await write(open({ defaultTTL: 60 }), "thread");
  await expectMinutes("thread", 60);
  await expectEntryOutlives("thread");
});

it("C-86 withTtl gives a thread a time of its own, which stays, whatever the default of later writers", async () => {
  const saver = open({ defaultTTL: 60 });
  await put(saver, "thread", { config: (config) => withTtl(config, 5) });
  await expectMinutes("thread", 5);
  for (const by of [saver, open({ defaultTTL: 120 }), open()]) {
    await put(by, "thread");
    await expectMinutes("thread", 5);
  }
  await put(open(), "thread", { config: (config) => withTtl(config, 7) });
  await expectMinutes("thread", 7);
});

it("C-86 withTtl of Infinity: never, whatever the default of later writers", async () => {
  await put(open({ defaultTTL: 60 }), "thread");
  await put(open({ defaultTTL: 60 }), "thread", { config: (config) => withTtl(config, Number.POSITIVE_INFINITY) });
  expect(await lastsMs("thread")).toBe(-1);
  await write(open({ defaultTTL: 60 }), "thread");
  expect(await lastsMs("thread")).toBe(-1);
  await expectEntryOutlives("thread");
});

it("C-86 persist takes the time away, until a run gives another", async () => {
  const saver = open({ defaultTTL: 60 });
  await put(saver, "thread");
  await write(saver, "thread");
  expect(await open().persist("thread")).toBe(true);
  expect(await lastsMs("thread")).toBe(-1);
  await expectEntryOutlives("thread");
  await put(saver, "thread");
  expect(await lastsMs("thread"), "a default is no time of its own").toBe(-1);
  await put(saver, "thread", { config: (config) => withTtl(config, 5) });
  await expectMinutes("thread", 5);
  expect(await saver.persist("nobody")).toBe(false);
  expect(await keysUnder([server], `${keyPrefix}:{nobody}`)).toEqual([]);
});

it("C-86 withTtl around a graph's run reaches every write of it, and no metadata", async () => {
  const saver = open();
  const graph = new StateGraph(Annotation.Root({ text: Annotation<string>() }))
    .addNode("node", () => ({ text: "done" }))
    .addEdge(START, "node")
    .compile({ checkpointer: saver });
  await graph.invoke({ text: "begin" }, withTtl({ configurable: { thread_id: "thread" } }, 30));
  await expectMinutes("thread", 30);
  for await (const { metadata, config } of saver.list(at("thread"))) {
    expect(JSON.stringify({ metadata, config })).not.toContain("ttl");
  }
  await graph.invoke({ text: "again" }, { configurable: { thread_id: "thread" } });
  await expectMinutes("thread", 30);
});

it("C-86 a thread that has expired is gone as a whole, and begins anew", async () => {
  const saver = open();
  const soon = { config: (config: Parameters<typeof withTtl>[0]) => withTtl(config, 20 / MINUTE_MS) };
  await write(saver, "thread");
  await put(saver, "thread", { ...soon, value: "x".repeat(50_000) });
  await eventually("it has expired", async () => (await saver.getTuple(at("thread"))) === undefined);
  expect(await expiries("thread")).toEqual({});
  await put(saver, "thread", { id: "2", value: "anew" });
  expect(await read(saver, "thread")).toBe("anew");
  expect((await saver.getTuple(at("thread", "1")))?.checkpoint).toBeUndefined();
  expect(await lastsMs("thread"), "a time of its own is gone with the thread that had it").toBe(-1);
  await expectEntryOutlives("thread");
});

it("C-86 the entry of a thread that has expired is cleared away when others come, and lists nothing until then", async () => {
  const saver = open();
  await put(saver, "expired", { config: (config) => withTtl(config, 20 / MINUTE_MS) });
  const shard = (await entryOf("expired"))?.shard;
  await eventually("it has expired", async () => (await saver.getTuple(at("expired"))) === undefined);
  expect((await saver.list({}).next()).done).toBe(true);
  let comers = 0;
  await eventually("it is cleared away", async () => {
    // Another thread, of any shard: one in sixteen clears this one.
    comers += 1;
    await put(saver, `comer ${comers}`);
    return (await entryOf("expired")) === undefined;
  });
  expect(shard).toBeDefined();
  expect(await onServer(server, (redis) => redis.zscore(`${shard}expiry`, "expired"))).toBeNull();
  const listed: unknown[] = [];
  for await (const { config } of saver.list({})) listed.push(config.configurable?.thread_id);
  expect(listed).toHaveLength(comers);
});

type Step = (thread: string, random: Random) => Promise<unknown>;

/** One thing that a process may do to a thread, by savers with and without a time. */
function steps(): readonly Step[] {
  const ttls = [undefined, { defaultTTL: 60 }, { defaultTTL: 90, refreshOnRead: true }, { refreshOnRead: true }];
  const some = ttls.map((ttl) => open(ttl));
  const any = (random: Random): RedisSaver => some[integerOf(random, 0, some.length - 1)] as RedisSaver;
  const minutes = [5, 30, Number.POSITIVE_INFINITY];
  return [
    (thread, random) => put(any(random), thread, { id: `${integerOf(random, 1, 5)}` }),
    (thread, random) => put(any(random), thread, { id: `${integerOf(random, 1, 5)}`, value: `${random()} `.repeat(1_000) }),
    (thread, random) =>
      put(any(random), thread, { config: (config) => withTtl(config, minutes[integerOf(random, 0, 2)] as number) }),
    (thread, random) => write(any(random), thread, `task ${integerOf(random, 1, 3)}`, `${integerOf(random, 1, 5)}`),
    (thread, random) => read(any(random), thread),
    (thread, random) => any(random).persist(thread),
    async (thread, random) => (await any(random).acquireThread(thread)).release(),
    async (thread, random) => void (integerOf(random, 1, 4) === 1 && (await any(random).deleteThread(thread))),
  ];
}

it(
  "C-86 after any mix of operations, all parts of a thread expire together, and its entry in the index not before",
  seeded(async (random) => {
    const all = steps();
    for (let thread = 0; thread < 8; thread += 1) {
      const name = `thread ${thread}`;
      for (let n = 0; n < 25; n += 1) {
        const step = all[integerOf(random, 0, all.length - 1)] as Step;
        await step(name, random).catch((error: { readonly code?: string }) => {
          // A write to a checkpoint that was deleted with its thread.
          if (error.code !== "HOLDFAST_THREAD_DELETED") throw error;
        });
        const times = Object.values(await expiries(name));
        if (times.length === 0) {
          expect(await entryOf(name), `an entry of no thread, after ${n} steps, the last of them ${step}`).toBeUndefined();
          continue;
        }
        expect(new Set(times).size, `after ${n} steps, the last of them ${step}: ${times}`).toBe(1);
        await expectEntryOutlives(name);
      }
    }
  }),
);

const BAD_MINUTES = [0, -1, Number.NaN, 1e12, "5", null, {}];

for (const ttl of [...BAD_MINUTES, Number.POSITIVE_INFINITY].map((defaultTTL) => ({ defaultTTL }))) {
  it(`C-86 ttl.defaultTTL of ${String(ttl.defaultTTL)} is refused when the saver is made`, () => {
    expect(() => open(ttl as never)).toThrow(expect.objectContaining({ code: "HOLDFAST_INVALID_OPTIONS" }));
  });
}

for (const minutes of BAD_MINUTES) {
  it(`C-86 a time of ${String(minutes)} for a run is refused, before any I/O`, async () => {
    expect(() => withTtl(at("thread"), minutes as never)).toThrow(expect.objectContaining({ code: "HOLDFAST_INVALID_CONFIG" }));
    const saver = open({ refreshOnRead: true });
    const config = {
      configurable: { ...at("thread", "1").configurable, __holdfast_ttl: { [Symbol.for("holdfast.ttl-minutes")]: minutes } },
    };
    const refused = { code: "HOLDFAST_INVALID_CONFIG" };
    await expect(put(saver, "thread", { config: () => config })).rejects.toMatchObject(refused);
    await expect(saver.putWrites(config, [["a", 1]], "task")).rejects.toMatchObject(refused);
    await expect(saver.getTuple(config)).rejects.toMatchObject(refused);
    expect(askedBy(saver).roundTrips).toBe(0);
  });
}

it("C-86 a client's JSON gives a thread no time, before any I/O", async () => {
  for (const minutes of [1e-9, 5, 1e300, null, {}, [1], "5", { minutes: 5 }]) {
    const saver = open({ refreshOnRead: true });
    const given = JSON.parse(JSON.stringify({ __holdfast_ttl: minutes })) as Record<string, unknown>;
    const config = { configurable: { ...at("thread", "1").configurable, ...given } };
    const refused = { code: "HOLDFAST_INVALID_CONFIG" };
    await expect(put(saver, "thread", { config: () => config })).rejects.toMatchObject(refused);
    await expect(saver.putWrites(config, [["a", 1]], "task")).rejects.toMatchObject(refused);
    await expect(saver.getTuple(config)).rejects.toMatchObject(refused);
    expect(askedBy(saver).roundTrips).toBe(0);
  }
});

import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OWNER } from "../format/owner.testing.js";
import { type CachedCheckpoint, encodeCheckpoint } from "../format/record.js";
import { makeSegment } from "../format/segment.js";
import { ValueBytes } from "../format/value-bytes.js";
import { heldBytes } from "../held-bytes.testing.js";
import { CheckpointCache } from "./cache.js";

const ref = (checkpointId: string, namespace = "", threadId = "t") => ({ threadId, namespace, checkpointId });

const life = (threadKey: string) => ({ threadKey, epoch: "0" });

const header = { v: 4, ts: "t", channel_versions: { a: 1 }, versions_seen: {} };

async function known(bytes: number, parent?: CachedCheckpoint): Promise<CachedCheckpoint> {
  return (
    await encodeCheckpoint(OWNER, header, new Map([["a", { type: "t", bytes: ValueBytes.of(Buffer.alloc(bytes)) }]]), parent)
  ).cached;
}

const record = { links: [], body: Buffer.alloc(0) };

it("gives back what was set, with its guard", async () => {
  const cache = new CheckpointCache(1_000_000);
  const [one, two] = [await known(10), await known(20)];
  cache.set(ref("1"), one, life("g1"), record);
  cache.set(ref("2"), two, life("g2"), record);
  expect(cache.get(ref("1"))).toMatchObject({ cached: one, guard: life("g1") });
  expect(cache.get(ref("2"))?.cached).toBe(two);
  cache.set(ref("1"), two, life("g3"), record);
  expect(cache.get(ref("1"))).toMatchObject({ cached: two, guard: life("g3") });
  cache.delete(ref("1"));
  expect(cache.get(ref("1"))).toBeUndefined();
  cache.clear();
  expect(cache.get(ref("2"))).toBeUndefined();
  expect(cache.bytes).toBe(0);
});

it("C-03 tells threads, namespaces and checkpoints apart", async () => {
  const cache = new CheckpointCache(1_000_000);
  const refs = [
    ref("c", "b", "a"),
    ref("c", "", "ab"),
    ref("bc", "", "a"),
    ref("", "bc", "a"),
    ref("c", "b:", "a"),
    ref("C", "b", "a"),
  ];
  for (const [i, it] of refs.entries()) cache.set(it, await known(1), life(`g${i}`), record);
  expect(refs.map((it) => cache.get(it)?.guard)).toEqual(refs.map((_, i) => life(`g${i}`)));
});

it("never holds more than it may", async () => {
  const action = fc.record({
    id: fc.integer({ min: 0, max: 9 }),
    bytes: fc.integer({ min: 0, max: 60_000 }),
    kind: fc.constantFrom("set", "set", "related", "get", "delete"),
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 200_000 }), fc.array(action, { maxLength: 40 }), async (maxBytes, actions) => {
      const cache = new CheckpointCache(maxBytes);
      for (const { id, bytes, kind } of actions) {
        const at = ref(`${id}`);
        if (kind === "set") cache.set(at, await known(bytes), life(`${id}`), record);
        else if (kind === "related") cache.addRelated(at, [makeSegment(Buffer.alloc(bytes))], undefined);
        else if (kind === "delete") cache.delete(at);
        else {
          const entry = cache.get(at);
          if (entry !== undefined) expect(entry.guard).toEqual(life(`${id}`));
        }
        expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});

it("counts what it holds", async () => {
  const cache = new CheckpointCache(10_000_000);
  for (let id = 0; id < 10; id += 1) cache.set(ref(`${id}`), await known(100_000), life("g"), record);
  expect(cache.bytes).toBeGreaterThanOrEqual(1_000_000);
});

describe("holds of memory about what it counts", () => {
  const fill = async (put: (cache: CheckpointCache, thread: number) => Promise<void>): Promise<void> => {
    await put(new CheckpointCache(1_000_000), 0);
    const before = heldBytes();
    const cache = new CheckpointCache(8_000_000);
    for (let thread = 0; thread < 64; thread += 1) await put(cache, thread);
    expect(cache.bytes).toBeGreaterThan(4_000_000);
    // The collector gives buffers back on a thread of its own.
    await expect.poll(() => heldBytes() - before, { timeout: 10_000 }).toBeLessThanOrEqual(1.5 * cache.bytes);
    // All of it is held up to here.
    expect(cache.thread(ref("", "", "63"))).toBeDefined();
  };

  it("though segments are cut out of values", async () => {
    await fill(async (cache, thread) => {
      // Its last segment is of 13 KB, which others are compressed against: that is remembered for longer than the value.
      const bytes = ValueBytes.of(Buffer.alloc(1_062_000, `thread ${thread}, `));
      const encoded = await encodeCheckpoint(OWNER, header, new Map([["messages", { type: "t", bytes }]]), undefined);
      expect(encoded.cached.context?.content.length).toBeLessThan(16_384);
      const at = ref("c", "", `${thread}`);
      cache.addRelated(at, encoded.created, undefined);
      cache.set(at, encoded.cached, life("g"), record);
    });
  });

  it.for([
    ["of 20 bytes", 20],
    ["of 300 bytes", 300],
    ["of 2,000 bytes", 2000],
  ] as const)("of many small channels, %s", async ([, size]) => {
    const channels = Array.from({ length: 200 }, (_, n) => `channel ${n}`);
    const version = (step: number): string => `${step}`.padStart(32, "0");
    const value = (text: string) => ({ type: "t", bytes: ValueBytes.of(Buffer.from(text.padEnd(size, "."))) });
    await fill(async (cache, thread) => {
      let cached: CachedCheckpoint | undefined;
      // Each step changes another channel, so each value stands in another record first.
      for (let step = 0; step < 5; step += 1) {
        const changed = (n: number): boolean => step === 0 || n % 5 === step;
        const updates = new Map(
          channels.map((name, n) => [name, changed(n) ? value(`${thread} ${step} ${n}`) : ("carried-over" as const)]),
        );
        const versions = Object.fromEntries(channels.map((name, n) => [name, version(changed(n) ? step : 0)]));
        const encoded = await encodeCheckpoint(OWNER, { ...header, channel_versions: versions }, updates, cached);
        cached = encoded.cached;
        const at = ref(`${step}`, "", `${thread}`);
        cache.addRelated(at, encoded.created, undefined);
        cache.set(at, cached, life("g"), encoded.record);
        cache.delete(ref(`${step - 1}`, "", `${thread}`));
      }
    });
  });
});

it("drops what was used longest ago", async () => {
  const cache = new CheckpointCache(200_000);
  cache.set(ref("1"), await known(50_000), life("g"), record);
  cache.set(ref("2"), await known(50_000), life("g"), record);
  cache.get(ref("1"));
  cache.set(ref("3"), await known(50_000), life("g"), record);
  expect(["1", "2", "3"].map((id) => cache.get(ref(id)) !== undefined)).toEqual([true, false, true]);
});

it("keeps nothing when it may hold nothing, and not the old entry when a new one is too large", async () => {
  const none = new CheckpointCache(0);
  none.set(ref("1"), await known(0), life("g"), record);
  none.addRelated(ref("1"), [makeSegment(Buffer.from("x"))], undefined);
  expect(none.get(ref("1"))).toBeUndefined();
  expect(none.bytes).toBe(0);
  const small = new CheckpointCache(10_000);
  small.set(ref("1"), await known(10), life("old"), record);
  small.set(ref("1"), await known(20_000), life("new"), record);
  expect(small.get(ref("1"))).toBeUndefined();
});

it("remembers the segments of pending writes, the newest first, up to what deflate can look back", async () => {
  const cache = new CheckpointCache(10_000_000);
  cache.set(ref("1"), await known(10), life("g"), record);
  const segments = Array.from({ length: 20 }, () => makeSegment(randomBytes(2000)));
  for (const segment of segments) cache.addRelated(ref("1"), [segment], undefined);
  const related = cache.related(ref("1"), life("g"));
  expect(related.length).toBeGreaterThan(5);
  expect(related.length).toBeLessThanOrEqual(12);
  expect(related).toEqual(segments.toReversed().slice(0, related.length));
  cache.addRelated(ref("1"), related, undefined);
  expect(cache.related(ref("1"), life("g"))).toEqual(related);
  cache.delete(ref("1"));
  cache.set(ref("1"), await known(10), life("g"), record);
  expect(cache.related(ref("1"), life("g"))).toEqual([]);
});

it("leaves out segments whose links were stored in another life of the thread", async () => {
  const cache = new CheckpointCache(10_000_000);
  const alone = makeSegment(Buffer.from("alone"));
  const linking = makeSegment(Buffer.from("linking"));
  cache.addRelated(ref("1"), [alone], undefined);
  cache.addRelated(ref("1"), [linking], life("1"));
  expect(cache.related(ref("1"), life("1"))).toEqual([linking, alone]);
  expect(cache.related(ref("1"), life("2"))).toEqual([alone]);
});

it("tells which segments the store has acknowledged, for as long as the thread is the same", () => {
  const cache = new CheckpointCache(10_000_000);
  const [one, two] = [makeSegment(Buffer.from("one")), makeSegment(Buffer.from("two"))];
  cache.addRelated(ref("1"), [one, two], undefined);
  cache.acknowledge(ref("1"), [two], life("g1"));
  expect(cache.related(ref("1"), life("g1"))).toEqual([one, { ...two, isStored: true }]);
  // Of another thread under this id, it is not known whether it is there.
  expect(cache.related(ref("1"), life("g2"))).toEqual([one]);
  cache.acknowledge(ref("2"), [one], life("g1"));
  expect(cache.related(ref("2"), life("g1"))).toEqual([]);
});

it("tells what writes to a checkpoint can build on, before and after the store has answered", async () => {
  const cache = new CheckpointCache(10_000_000);
  const [inFlight, stored] = [await known(1000), await known(2000)];
  const segment = makeSegment(Buffer.from("new"));
  expect(cache.basis(ref("1"))).toBeUndefined();
  cache.setInFlight(ref("1"), inFlight, life("g1"), [segment]);
  expect(cache.basis(ref("1"))).toEqual({ ref: ref("1"), cached: inFlight, guard: life("g1"), inFlight: new Set([segment.id]) });
  // One that nothing is known of yet comes after it.
  expect(cache.basis(ref("2"))?.cached).toBe(inFlight);
  expect(cache.basis(ref("2", "another namespace"))).toBeUndefined();
  expect(cache.get(ref("1"))).toBeUndefined();
  cache.set(ref("1"), stored, life("g2"), record);
  cache.endInFlight(ref("1"));
  expect(cache.basis(ref("1"))).toMatchObject({ cached: stored, guard: life("g2"), inFlight: new Set() });
  expect(cache.basis(ref("2"))?.cached).toBe(stored);
});

it("drops with a segment those that link to it", () => {
  const cache = new CheckpointCache(10_000_000);
  const input = makeSegment(randomBytes(3_000));
  const repeating = makeSegment(Buffer.concat([input.content, randomBytes(100)]), { verbatim: [input], context: undefined });
  expect(repeating.links).toEqual([input.id]);
  cache.addRelated(ref("1"), [repeating, input], undefined);
  expect(cache.related(ref("1"), undefined)).toEqual([repeating, input]);
  const later = Array.from({ length: 3 }, () => makeSegment(randomBytes(7_000)));
  cache.addRelated(ref("1"), later, undefined);
  const related = cache.related(ref("1"), undefined);
  expect(related).not.toContain(input);
  expect(related).not.toContain(repeating);
  expect(related).toEqual(later);
});

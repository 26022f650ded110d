import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { OWNER } from "./owner.testing.js";
import { encodeWrites } from "./pending-writes.js";
import {
  type CachedCheckpoint,
  type ChannelUpdate,
  type CheckpointHeader,
  type CheckpointRecord,
  decodeCheckpoint,
  type EncodedCheckpoint,
  encodeCheckpoint,
} from "./record.js";
import { SegmentReader } from "./segment-reader.js";
import type { Segment, SegmentWithContent } from "./segment.js";
import { segmentPieces } from "./value.js";
import { ValueBytes } from "./value-bytes.js";

vi.setConfig({ testTimeout: 60_000 });

/** The same bytes for the same seed; deflate finds nothing in them. */
const noise = (seed: number | string, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`${seed}`).digest();
/** Text that is much like any other. */
const text = (seed: number, length: number): Buffer => {
  const words = Array.from(
    { length: Math.ceil(length / 30) },
    (_, i) => `{"content":"${noise(seed * 7919 + i, 6).toString("hex")}"},`,
  );
  return Buffer.from(words.join("").slice(0, length));
};

type Values = ReadonlyMap<string, { readonly type: string; readonly bytes: Buffer }>;

function asUpdates(values: Values): Map<string, ChannelUpdate> {
  return new Map(Array.from(values, ([channel, { type, bytes }]) => [channel, { type, bytes: ValueBytes.of(bytes) }]));
}

/** A checkpoint as it was put. */
interface Put {
  readonly header: CheckpointHeader;
  readonly values: Values;
  readonly record: CheckpointRecord;
  readonly cached: CachedCheckpoint;
  /** Segments of its pending writes, which the store does not have yet. */
  readonly related: readonly SegmentWithContent[];
}

/** A thread in a store: segments are stored once, under their id. */
class Thread {
  readonly segments = new Map<string, Segment>();
  readonly puts: Put[] = [];

  store(segments: readonly SegmentWithContent[]): void {
    for (const segment of segments) if (!this.segments.has(segment.id)) this.segments.set(segment.id, segment);
  }

  reader(): SegmentReader {
    return new SegmentReader(this.segments);
  }

  /** Every segment that the record leads to, as a store finds them. */
  closure({ links }: CheckpointRecord, segments: ReadonlyMap<string, Segment> = this.segments): Set<string> {
    const reached = new Set(links);
    for (const id of reached) for (const link of segments.get(id)?.links ?? []) reached.add(link);
    return reached;
  }

  bytesRead(record: CheckpointRecord): number {
    return [...this.closure(record)].reduce((sum, id) => sum + (this.segments.get(id) as Segment).body.length, 0);
  }

  get bytesStored(): number {
    const links = (list: readonly string[]): number => 16 * list.length;
    const segments = [...this.segments.values()].reduce((sum, it) => sum + it.body.length + links(it.links), 0);
    return segments + this.puts.reduce((sum, { record }) => sum + record.body.length + links(record.links), 0);
  }

  async put(
    header: CheckpointHeader,
    values: Values,
    updates: ReadonlyMap<string, ChannelUpdate>,
    parent?: CachedCheckpoint,
    related?: readonly SegmentWithContent[],
  ): Promise<Put> {
    const encoded = await encodeCheckpoint(OWNER, header, updates, parent, related);
    this.checkIdentity(encoded, await encodeCheckpoint(OWNER, header, updates, parent, related));
    const { record, created, cached, reusesSegments } = encoded;
    this.store(created);
    // It can be read whether or not the statement with the pending writes gets there; and the guard is set when, and only when, it is needed.
    const own = new Map(created.map((segment) => [segment.id, segment]));
    expect([...this.closure(record)].filter((id) => !this.segments.has(id))).toEqual([]);
    expect(reusesSegments).toBe([...this.closure(record, own)].some((id) => !own.has(id)));
    const put = { header, values, record, cached, related: [] };
    this.puts.push(put);
    return put;
  }

  private checkIdentity(once: EncodedCheckpoint, again: EncodedCheckpoint): void {
    expect(again.record).toEqual(once.record);
    expect(again.created.map(({ id }) => id)).toEqual(once.created.map(({ id }) => id));
    const reader = new SegmentReader(new Map([...this.segments, ...once.created.map((it) => [it.id, it] as const)]));
    for (const segment of once.created) {
      expect(reader.content(segment.id).equals(segment.content)).toBe(true);
      // What the store keeps under this id is the same.
      if (this.segments.has(segment.id)) expect(this.reader().content(segment.id).equals(segment.content)).toBe(true);
    }
  }

  /** Reads a checkpoint in another process. */
  check(put: Put, reader = this.reader()): void {
    const { header, cached } = decodeCheckpoint({ ...OWNER, record: put.record }, reader);
    const described = (it: CheckpointHeader, channels: Iterable<readonly [string, unknown, unknown]>): string =>
      JSON.stringify([it, [...channels]]);
    const written = described(
      put.header,
      Array.from(put.values, ([channel, { type }]) => [channel, type, put.cached.channels.get(channel)?.pieces] as const),
    );
    // As text: these are the many comparisons of this file, and a matcher takes its time.
    const read = described(
      header,
      Array.from(cached.channels, ([channel, { type, pieces }]) => [channel, type, pieces] as const),
    );
    if (read !== written) expect(read).toBe(written);
    for (const [channel, { bytes }] of put.values)
      if (!cached.channels.get(channel)?.bytes.toBuffer().equals(bytes)) expect.fail(`${channel} has changed`);
  }
}

const step = fc.record({
  kind: fc.constantFrom(
    "append",
    "append",
    "append",
    "prepend",
    "insert",
    "remove",
    "truncate",
    "replace",
    "type",
    "swap",
    "empty",
    "write",
    "write",
  ),
  channel: fc.constantFrom("messages", "messages", "files", "__proto__"),
  size: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 1500 }) }, fc.integer({ min: 1, max: 15_000 })),
  where: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.nat(50),
  textual: fc.boolean(),
  times: fc.constantFrom(1, 1, 1, 2, 40),
  /** How many checkpoints back the parent is. */
  back: fc.constantFrom(0, 0, 0, 0, 1, 5, 30),
  parent: fc.constantFrom("cached", "cached", "read", "unknown"),
  /** Whether the statement with the pending writes arrives. */
  arrives: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function edit(old: Buffer, { kind, size, where, textual }: Step, seed: number): Buffer {
  const fresh = (textual ? text : noise)(seed, size);
  const at = Math.floor(where * old.length);
  switch (kind) {
    case "prepend":
      return Buffer.concat([fresh, old]);
    case "insert":
      return Buffer.concat([old.subarray(0, at), fresh, old.subarray(at)]);
    case "remove":
      return Buffer.concat([old.subarray(0, at), old.subarray(at + size)]);
    case "truncate":
      return Buffer.from(old.subarray(0, at));
    case "swap":
      return Buffer.concat([old.subarray(at), old.subarray(0, at)]);
    case "replace":
      return fresh;
    case "type":
      return old;
    default:
      return Buffer.concat([old.subarray(0, -1), fresh, Buffer.from("]")]);
  }
}

async function play(thread: Thread, given: Step, repetition: number): Promise<void> {
  const { channel, kind, arrives } = given;
  const count = thread.puts.length;
  const before = thread.puts.at(-1 - Math.min(given.back, Math.max(0, count - 1)));
  const cached =
    before === undefined || given.parent === "unknown"
      ? undefined
      : given.parent === "cached"
        ? before.cached
        : decodeCheckpoint({ ...OWNER, record: before.record }, thread.reader()).cached;

  const old = before?.values.get(channel) ?? { type: "t", bytes: Buffer.alloc(0) };
  // Few seeds, so that histories also come back to what was there before.
  const bytes = edit(old.bytes, given, given.seed + 1000 * repetition);
  const values = new Map(before?.values);
  if (kind === "empty") values.delete(channel);
  else values.set(channel, { type: kind === "type" ? `${old.type}'` : old.type, bytes });

  // A task writes what is then appended; its own segments may link to each other.
  const related: SegmentWithContent[] = [];
  if (kind === "write") {
    const added = bytes.subarray(Math.max(0, old.bytes.length - 1));
    for (const part of [added.subarray(0, added.length / 2), added, Buffer.concat([Buffer.from("["), added]), bytes]) {
      const write = { channel, index: 0, position: 0, type: "t", bytes: ValueBytes.of(part) };
      const repeatable = { verbatim: related, context: cached?.context };
      for (const segment of (await encodeWrites(OWNER, [write], repeatable, cached?.channels)).created)
        if (!related.some(({ id }) => id === segment.id)) related.push(segment);
    }
    if (arrives) thread.store(related);
    if (arrives && count % 2 === 0) for (const [n, segment] of related.entries()) related[n] = { ...segment, isStored: true };
  }
  const updates = asUpdates(values);
  if (cached !== undefined) for (const name of values.keys()) if (name !== channel) updates.set(name, "carried-over");
  const header = {
    v: 4,
    ts: `t${count}`,
    channel_versions: { [channel]: count, messages: count },
    versions_seen: { node: { [channel]: count } },
  };
  await thread.put(header, values, updates, cached, related);
}

describe("C-35 a history of any edits, forks and processes", () => {
  it("leaves every checkpoint as it was put", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const thread = new Thread();
        for (const given of steps) {
          for (let repetition = 0; repetition < given.times; repetition += 1) await play(thread, given, repetition);
          const reader = thread.reader();
          for (const put of thread.puts) thread.check(put, reader);
        }
        for (const { cached } of thread.puts) {
          for (const value of cached.channels.values()) {
            expect(value.pieces?.length ?? 0).toBeLessThanOrEqual(256);
            const used = new Map(segmentPieces(value).map(({ segment, of }) => [segment, of]));
            expect([...used.values()].reduce((sum, of) => sum + of, 0)).toBeLessThanOrEqual(2 * value.bytes.length);
          }
        }
      }),
      { seed: 35, numRuns: 30 },
    );
  });
});

/** A conversation of turns; each adds what `added` says to `messages`. */
async function conversation(
  turns: number,
  added: (turn: number) => Buffer,
  thread = new Thread(),
): Promise<{ thread: Thread; newBytes: number[] }> {
  const newBytes: number[] = [];
  let last: Put | undefined = thread.puts.at(-1);
  let bytes = last?.values.get("messages")?.bytes ?? Buffer.from("[]");
  for (let turn = 1; turn <= turns; turn += 1) {
    bytes = Buffer.concat([bytes.subarray(0, -1), added(turn), Buffer.from("]")]);
    const header = {
      v: 4,
      ts: new Date(1.7e12 + turn * 1234).toISOString(),
      channel_versions: { __start__: 2, messages: turn + 1, "branch:to:agent": turn },
      versions_seen: { __input__: {}, __start__: { __start__: 1 }, agent: { "branch:to:agent": turn - 1 } },
    };
    const values = new Map([["messages", { type: "hf1", bytes }]]);
    const { record, created, cached } = await encodeCheckpoint(OWNER, header, asUpdates(values), last?.cached);
    const fresh = created.filter(({ id }) => !thread.segments.has(id));
    newBytes.push(
      fresh.reduce((sum, it) => sum + it.body.length + 16 * it.links.length, record.body.length + 16 * record.links.length),
    );
    thread.store(created);
    last = { header, values, record, cached, related: [] };
    thread.puts.push(last);
  }
  return { thread, newBytes };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, it) => total + it, 0);
/** What a checkpoint costs besides its content: its record, and its part in keyframes. */
const OVERHEAD_BYTES = 260;

describe("a conversation", () => {
  it("costs what is said, not what was said before", async () => {
    const added = (turn: number): Buffer => noise(turn, 300);
    const [small, large] = [await conversation(1000, added), await conversation(2000, added)];
    // Noise does not shrink. Each second turn stands in a record first, and all of it is copied once when 32 pieces become one.
    for (const { thread, newBytes } of [small, large]) {
      const turns = thread.puts.length;
      expect(sum(newBytes)).toBe(thread.bytesStored);
      expect(thread.bytesStored).toBeLessThanOrEqual(turns * (3 * 300 + OVERHEAD_BYTES));
      // The usual turn copies nothing but what stood in the record before.
      expect(newBytes.toSorted((a, b) => a - b)[turns / 2]).toBeLessThanOrEqual(2 * 301 + OVERHEAD_BYTES);
    }
    expect(large.thread.bytesStored / small.thread.bytesStored).toBeLessThanOrEqual(2.1);
    for (const put of large.thread.puts.slice(-40)) {
      large.thread.check(put);
      expect(put.cached.channels.get("messages")?.pieces?.length).toBeLessThanOrEqual(70);
      expect(large.thread.bytesRead(put.record)).toBeLessThanOrEqual(2 * 600_000 + 32_768);
    }
  });

  it("of text costs less than was said", async () => {
    const { thread } = await conversation(400, (turn) => text(turn, 1500));
    expect(thread.bytesStored).toBeLessThanOrEqual(400 * 1500);
    for (const put of thread.puts.slice(-3)) thread.check(put);
  });

  it("is read for about twice its size, at any length", async () => {
    const { thread } = await conversation(600, (turn) => noise(turn, 500));
    for (const { record, values } of thread.puts) {
      expect(thread.bytesRead(record)).toBeLessThanOrEqual(2 * (values.get("messages")?.bytes.length as number) + 4096);
    }
  });
});

describe("reading costs no more with age:", () => {
  /** One checkpoint after the other, each a new value in the same channels. */
  async function replaced(puts: number, valuesAt: (put: number) => Readonly<Record<string, Buffer>>): Promise<Thread> {
    const thread = new Thread();
    let last: Put | undefined;
    for (let put = 0; put < puts; put += 1) {
      const values = new Map(Object.entries(valuesAt(put)).map(([channel, bytes]) => [channel, { type: "t", bytes }]));
      const header = { v: 4, ts: `t${put}`, channel_versions: { doc: put }, versions_seen: {} };
      last = await thread.put(header, values, asUpdates(values), last?.cached);
    }
    for (const put of thread.puts) thread.check(put);
    return thread;
  }

  it.for([700, 3000, 7000, 10_000, 30_000, 60_000, 100_000])(
    "a document of %i bytes that is written anew each time, much the same",
    async (size) => {
      const thread = await replaced(40, (put) => ({
        doc: Buffer.from(
          text(1, size)
            .toString()
            .replaceAll("a", `${put % 10}${put % 7}`),
        ),
      }));
      for (const { record, values } of thread.puts) {
        const { bytes } = values.get("doc") as { bytes: Buffer };
        expect(thread.closure(record).size).toBeLessThanOrEqual(12);
        expect(thread.bytesRead(record)).toBeLessThanOrEqual(3 * bytes.length + 8192);
      }
    },
  );

  it("a conversation that was cut short is read for what is left of it", async () => {
    const { thread } = await conversation(300, (turn) => noise(turn, 1500));
    const long = thread.puts.at(-1) as Put;
    for (const left of [400, 3000, 100_000, 300_000]) {
      const values = new Map([
        ["messages", { type: "hf1", bytes: (long.values.get("messages") as { bytes: Buffer }).bytes.subarray(-left) }],
      ]);
      const put = await thread.put(long.header, values, asUpdates(values), long.cached);
      thread.check(put);
      expect(thread.bytesRead(put.record)).toBeLessThanOrEqual(2 * left + 65_536 + 4096);
    }
  });
});

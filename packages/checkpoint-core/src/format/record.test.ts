import { createHash } from "node:crypto";
import type { Checkpoint } from "@langchain/langgraph-checkpoint";
import { describe, expect, it, vi } from "vitest";
import { DeserializationError } from "../errors.js";
import { OWNER } from "./owner.testing.js";
import {
  type CachedCheckpoint,
  type ChannelUpdate,
  type CheckpointHeader,
  channelNames,
  decodeCheckpoint,
  type EncodedCheckpoint,
  encodeCheckpoint,
  headerOf,
} from "./record.js";
import { SegmentReader } from "./segment-reader.js";
import { makeSegment, type Segment, type SegmentWithContent } from "./segment.js";
import { ValueBytes } from "./value-bytes.js";

vi.setConfig({ testTimeout: 60_000 });

const noise = (seed: number | string, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`${seed}`).digest();
const value = (bytes: Buffer | string, type = "t"): ChannelUpdate => ({ type, bytes: ValueBytes.of(Buffer.from(bytes)) });
const updates = (channels: Readonly<Record<string, ChannelUpdate>>): Map<string, ChannelUpdate> =>
  new Map(Object.entries(channels));

function header(step: number): CheckpointHeader {
  return {
    v: 4,
    ts: `2026-01-01T00:00:${String(step % 60).padStart(2, "0")}.000Z`,
    channel_versions: { messages: step, "branch:to:agent": step },
    versions_seen: { __input__: {}, agent: { "branch:to:agent": step - 1 }, tools: { "branch:to:tools": step - 1 } },
  };
}

function store(...encoded: readonly EncodedCheckpoint[]): Map<string, Segment> {
  return new Map(encoded.flatMap(({ created }) => created).map((segment) => [segment.id, segment]));
}

/** Checkpoints of a list that grows, the last one first. */
async function chain(length: number, parent?: CachedCheckpoint): Promise<EncodedCheckpoint[]> {
  const all: EncodedCheckpoint[] = [];
  let cached = parent;
  for (let step = 1; step <= length; step += 1) {
    const messages = Buffer.concat(Array.from({ length: step }, (_, i) => noise(i, 700)));
    const encoded = await encodeCheckpoint(
      OWNER,
      header(step),
      updates({ messages: value(messages), small: value(`step ${step}`) }),
      cached,
    );
    all.unshift(encoded);
    cached = encoded.cached;
  }
  return all;
}

describe("encodeCheckpoint", () => {
  it("C-37 keeps the header, and values with their types and order", async () => {
    const given = {
      z: ["json", "1"],
      a: ["bytes", noise(1, 3000).toString("latin1")],
      empty: ["t", ""],
      "": ["", "x"],
      "\ud800\0": ["t", "y"],
    } as const;
    const odd: CheckpointHeader = {
      v: 1,
      ts: "",
      channel_versions: { a: 3, z: "00000000000000000000000000000002.0.123", f: 1.5 },
      versions_seen: { n: {}, "\ud800": { a: 3 } },
    };
    const values = Object.entries(given).map(([channel, [type, text]]) => [channel, value(Buffer.from(text, "latin1"), type)]);
    const encoded = await encodeCheckpoint(OWNER, odd, updates(Object.fromEntries(values)), undefined);
    const decoded = decodeCheckpoint({ ...OWNER, record: encoded.record }, new SegmentReader(store(encoded)));
    expect(decoded.header).toStrictEqual(odd);
    expect(
      [...decoded.cached.channels].map(([channel, { type, bytes }]) => [channel, [type, bytes.toBuffer().toString("latin1")]]),
    ).toEqual(Object.entries(given));
    expect(decoded.cached.versions).toEqual(odd.channel_versions);
  });

  it("C-60 takes a channel or node called __proto__ for any other", async () => {
    const seen = JSON.parse('{"__proto__":{"__proto__":1}}') as Checkpoint["versions_seen"];
    const versions = JSON.parse('{"__proto__":2,"constructor":3}') as Record<string, number>;
    const encoded = await encodeCheckpoint(
      OWNER,
      { v: 4, ts: "t", channel_versions: versions, versions_seen: seen },
      new Map([
        ["__proto__", value("p")],
        ["constructor", value("c")],
      ]),
      undefined,
    );
    const { header: read, cached } = decodeCheckpoint({ ...OWNER, record: encoded.record }, new SegmentReader(new Map()));
    expect(JSON.stringify(read)).toBe(JSON.stringify({ v: 4, ts: "t", channel_versions: versions, versions_seen: seen }));
    expect([...cached.channels.keys()]).toEqual(["__proto__", "constructor"]);
    expect(Object.keys(encoded.cached.versions)).toEqual(["__proto__", "constructor"]);
  });

  it("C-31 makes the same record and segments of the same checkpoint", async () => {
    const [one, two] = [await chain(40), await chain(40)];
    for (const [i, encoded] of one.entries()) {
      expect(encoded.record).toEqual(two[i]?.record);
      expect(encoded.created.map(({ id }) => id)).toEqual(two[i]?.created.map(({ id }) => id));
    }
  });

  it("C-33 carries over what did not change, without storing it again", async () => {
    const [first] = (await chain(1)) as [EncodedCheckpoint];
    const next = await encodeCheckpoint(
      OWNER,
      header(2),
      updates({ small: value("new"), messages: "carried-over", gone: "carried-over" }),
      first.cached,
    );
    const { cached } = decodeCheckpoint({ ...OWNER, record: next.record }, new SegmentReader(store(first, next)));
    expect([...cached.channels.keys()]).toEqual(["small", "messages"]);
    expect(cached.channels.get("messages")?.bytes.toBuffer().equals(noise(0, 700))).toBe(true);
    expect(cached.channels.get("messages")?.pieces).toEqual(first.cached.channels.get("messages")?.pieces);
    expect(next.created.filter(({ content }) => content.equals(noise(0, 700)))).toEqual([]);
  });

  it("refers to nothing else when it has no parent", async () => {
    const [first] = (await chain(1)) as [EncodedCheckpoint];
    expect(first.reusesSegments).toBe(false);
    expect(first.cached.keyframe).toBeUndefined();
  });

  it("says when it refers to what must be in the store", async () => {
    const [second, first] = (await chain(2)) as [EncodedCheckpoint, EncodedCheckpoint];
    expect(second.reusesSegments).toBe(true);
    const fresh = await encodeCheckpoint(OWNER, header(3), updates({ messages: value(noise("other", 3000)) }), {
      ...first.cached,
      keyframe: undefined,
      context: undefined,
    });
    expect(fresh.reusesSegments).toBe(false);
    const carried = await encodeCheckpoint(OWNER, header(3), updates({ messages: "carried-over" }), {
      ...first.cached,
      keyframe: undefined,
    });
    expect(carried.reusesSegments).toBe(true);
  });

  it("keeps records short by an earlier one, which is replaced now and then", async () => {
    const all = await chain(200);
    const keyframes = new Set(all.map(({ cached }) => cached.keyframe?.id));
    expect(keyframes.size).toBeGreaterThan(3);
    expect(keyframes.size).toBeLessThan(30);
    const recordBytes = all.reduce((sum, { record }) => sum + record.body.length + 16 * record.links.length, 0);
    expect(recordBytes / all.length).toBeLessThan(400);
  });

  it("C-40 sends along the pending writes that new values are compressed against, which may not be stored yet", async () => {
    const write = makeSegment(noise("write", 1500));
    const unused = makeSegment(noise("unused", 1500));
    const [first] = (await chain(1)) as [EncodedCheckpoint];
    const messages = Buffer.concat([noise(0, 700), Buffer.from(","), noise("write", 1500)]);
    const encoded = await encodeCheckpoint(OWNER, header(2), updates({ messages: value(messages) }), first.cached, [
      unused,
      write,
    ]);
    const made = encoded.created.filter(({ links }) => links.includes(write.id));
    expect(made).toHaveLength(1);
    expect(made[0]?.body.length).toBeLessThan(300);
    expect(encoded.created).toContain(write);
    expect(encoded.created).not.toContain(unused);
    const { cached } = decodeCheckpoint({ ...OWNER, record: encoded.record }, new SegmentReader(store(first, encoded)));
    expect(cached.channels.get("messages")?.bytes.toBuffer().equals(messages)).toBe(true);
  });
});

it("C-36 a header stays as it was when the run goes on", () => {
  const checkpoint: Checkpoint = {
    v: 4,
    id: "1",
    ts: "t",
    channel_values: { a: 1 },
    channel_versions: { a: 1 },
    versions_seen: { n: { a: 1 } },
  };
  const before = headerOf(checkpoint);
  checkpoint.channel_versions.a = 2;
  checkpoint.channel_versions.b = 1;
  (checkpoint.versions_seen.n as Record<string, number>).a = 2;
  checkpoint.versions_seen.m = {};
  expect(before).toStrictEqual({ v: 4, ts: "t", channel_versions: { a: 1 }, versions_seen: { n: { a: 1 } } });
});

it("C-36 what is known of a checkpoint stays as it was when its header changes", async () => {
  const versions = { a: 1 };
  const { cached } = await encodeCheckpoint(OWNER, { ...header(1), channel_versions: versions }, updates({}), undefined);
  versions.a = 2;
  expect(cached.versions).toEqual({ a: 1 });
});

describe("decodeCheckpoint", () => {
  it("C-35 reads from the store what was cached in the process that wrote", async () => {
    const all = await chain(80);
    const reader = new SegmentReader(store(...all));
    for (const { record, cached } of all) {
      const decoded = decodeCheckpoint({ ...OWNER, record: record }, reader).cached;
      expect([...decoded.channels.keys()]).toEqual([...cached.channels.keys()]);
      for (const [channel, { type, bytes, pieces }] of cached.channels) {
        const read = decoded.channels.get(channel);
        expect([read?.type, read?.bytes.toBuffer().equals(bytes.toBuffer()), read?.pieces]).toEqual([type, true, pieces]);
      }
      expect(decoded.versions).toEqual(cached.versions);
      expect(decoded.keyframe?.id).toBe(cached.keyframe?.id);
      expect(decoded.keyframe?.content.equals(cached.keyframe?.content as Buffer) ?? cached.keyframe === undefined).toBe(true);
    }
  });

  it("needs every segment that it refers to, and says which one is missing", async () => {
    const all = await chain(40);
    const segments = store(...all);
    const { record } = all[0] as EncodedCheckpoint;
    let needed = 0;
    for (const id of segments.keys()) {
      const without = new Map(segments);
      without.delete(id);
      try {
        decodeCheckpoint({ ...OWNER, record: record }, new SegmentReader(without));
      } catch (error) {
        needed += 1;
        expect(error).toBeInstanceOf(DeserializationError);
        expect((error as Error).message).toContain(id);
      }
    }
    expect(needed).toBeGreaterThan(5);
  });

  it("never throws anything but a DeserializationError when a record is cut short", async () => {
    for (const encoded of [
      ...(await chain(3)),
      await encodeCheckpoint(OWNER, header(1), updates({ a: value(noise(1, 500)) }), undefined),
    ]) {
      const reader = new SegmentReader(store(...(await chain(3)), encoded));
      for (let length = 0; length < encoded.record.body.length; length += 1) {
        const record = { ...encoded.record, body: encoded.record.body.subarray(0, length) };
        expect(() => decodeCheckpoint({ ...OWNER, record: record }, reader)).toThrow(DeserializationError);
      }
    }
  });

  it("refuses a record whose links are missing", async () => {
    const all = await chain(5);
    const [last] = all as [EncodedCheckpoint];
    expect(() => decodeCheckpoint({ ...OWNER, record: { ...last.record, links: [] } }, new SegmentReader(store(...all)))).toThrow(
      DeserializationError,
    );
  });
});

it("the names of channels need no segment but the keyframe", async () => {
  const all = await chain(20);
  for (const { record, cached } of all) {
    const keyframe: SegmentWithContent | undefined = cached.keyframe;
    const reader = new SegmentReader(new Map(keyframe === undefined ? [] : [[keyframe.id, keyframe]]));
    expect([...channelNames({ ...OWNER, record: record }, reader)]).toEqual(["messages", "small"]);
  }
});

it("an unchanged channel among many small ones costs next to nothing, also when all of them exceed what deflate can look back", async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`c${i}`, value(noise(i, 300))]));
  const carried = new Map<string, ChannelUpdate>(Object.keys(many).map((channel) => [channel, "carried-over"]));
  let last = await encodeCheckpoint(OWNER, header(1), updates(many), undefined);
  const stored = store(last);
  const costs: number[] = [];
  for (let step = 2; step < 12; step += 1) {
    last = await encodeCheckpoint(OWNER, header(step), new Map(carried).set("c0", value(noise(`${step}`, 300))), last.cached);
    for (const segment of last.created) stored.set(segment.id, segment);
    costs.push(last.record.body.length + last.created.reduce((sum, { body }) => sum + body.length, 0));
  }
  expect(Math.max(...costs.slice(1))).toBeLessThan(2_000);
  const { cached } = decodeCheckpoint({ ...OWNER, record: last.record }, new SegmentReader(stored));
  expect(cached.channels.get("c199")?.bytes.toBuffer()).toEqual(noise(199, 300));
});

import { Document } from "@langchain/core/documents";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatPromptValue } from "@langchain/core/prompt_values";
import { DeltaSnapshot, MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { DeserializationError } from "../errors.js";
import { OWNER } from "../format/owner.testing.js";
import { decodeWrites, encodeWrites, type StoredSlot } from "../format/pending-writes.js";
import { type CheckpointRecord, decodeCheckpoint, encodeCheckpoint } from "../format/record.js";
import { SegmentReader } from "../format/segment-reader.js";
import { compressed, type Segment } from "../format/segment.js";
import { ValueBytes } from "../format/value-bytes.js";
import { decodeOf, loadOf } from "../store/stored-checkpoint.js";
import { HoldfastSerializer } from "../serializer/index.js";
import { difference } from "../serializer/strict-equality.testing.js";

/** `HOLDFAST_FUZZ_ROWS=20000` for long runs. */
const ROWS = Number(process.env.HOLDFAST_FUZZ_ROWS ?? 1_000);
const SEED = Number(process.env.HOLDFAST_FUZZ_SEED ?? 1);
const REF = { ...OWNER, threadId: "fuzzed" };

const serializer = new HoldfastSerializer();

/** Mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface Row {
  readonly record: CheckpointRecord;
  readonly slots: readonly StoredSlot[];
  readonly segments: ReadonlyMap<string, Segment>;
}

const VALUES: Readonly<Record<string, unknown>> = {
  messages: Array.from({ length: 40 }, (_, i) => new HumanMessage({ content: `message ${i} ${"long ".repeat(i)}`, id: `${i}` })),
  tool: [new ToolMessage({ content: "x", tool_call_id: "1", artifact: new Map([[1, new Set([1n, -0])]]) })],
  prompt: new ChatPromptValue([new AIMessage("hi")]),
  documents: [new Document({ pageContent: "page", metadata: { at: new Date(0) } })],
  delta: new DeltaSnapshot([undefined, /a/g, new Error("e"), Buffer.from("bytes")]),
  sparse: Object.assign([], { 5: "five" }),
  bytes: Uint8Array.of(1, 2, 3),
};

async function rowOf(
  values: Readonly<Record<string, readonly [string, Uint8Array]>>,
  versions: unknown = { messages: 1 },
): Promise<Row> {
  const updates = new Map(
    Object.entries(values).map(([channel, [type, bytes]]) => [channel, { type, bytes: ValueBytes.of(bytes) }]),
  );
  const header = {
    v: 4,
    ts: "2026-01-01T00:00:00.000Z",
    channel_versions: versions as Record<string, number>,
    versions_seen: {},
  };
  const first = await encodeCheckpoint(OWNER, header, new Map([...updates].slice(0, 1)), undefined);
  const second = await encodeCheckpoint(OWNER, header, updates, first.cached);
  const writes = [...updates].map(([channel, { type, bytes }], i) => ({ channel, type, bytes, index: i, position: i }));
  const encoded = await encodeWrites(OWNER, writes, { verbatim: second.created, context: second.cached.context });
  const segments = await compressed([...first.created, ...second.created, ...encoded.created]);
  const slots = encoded.slots.map((slot) => ({ ...slot, taskId: OWNER.taskId, place: OWNER.place, arrival: 1n }));
  return { record: second.record, slots, segments: new Map(segments.map((segment) => [segment.id, segment])) };
}

async function read({ record, slots, segments }: Row): Promise<Record<string, unknown>> {
  const stored = decodeOf(REF, () => {
    const reader = new SegmentReader(segments, { maxValueBytes: 16 * 1024 * 1024, maxPutBytes: 32 * 1024 * 1024 });
    return { checkpoint: decodeCheckpoint({ ...OWNER, record }, reader), writes: decodeWrites({ ...OWNER, slots }, reader) };
  });
  return loadOf(REF, async () => {
    const values: Record<string, unknown> = {};
    for (const [channel, { type, bytes }] of stored.checkpoint.cached.channels)
      values[channel] = await serializer.loadsTyped(type, bytes.toBuffer());
    for (const { channel, value } of stored.writes)
      values[`write ${channel}`] = await serializer.loadsTyped(value.type, value.bytes.toBuffer());
    return values;
  });
}

/** What it reads, or `"refused"`. */
async function outcome(row: Row): Promise<Record<string, unknown> | "refused"> {
  try {
    return await read(row);
  } catch (error) {
    expect(error, String((error as Error).stack)).toBeInstanceOf(DeserializationError);
    expect(error).toMatchObject({ threadId: "fuzzed", checkpointId: OWNER.checkpointId });
    return "refused";
  }
}

function damaged(bytes: Buffer, below: (limit: number) => number): Buffer {
  const changed = Buffer.from(bytes);
  switch (below(5)) {
    case 0:
      return changed.subarray(0, below(changed.length));
    case 1:
      return Buffer.concat([changed, changed.subarray(below(changed.length))]);
    case 2:
      return Buffer.concat([changed.subarray(0, below(changed.length)), changed.subarray(below(changed.length))]);
    case 3:
      return Buffer.from(changed.map(() => below(256)));
    default:
      for (let i = below(3); i >= 0; i -= 1) changed[below(changed.length)] = below(256);
      return changed;
  }
}

/** The row with one part damaged, or two parts that changed places. */
function damagedRow(row: Row, below: (limit: number) => number): Row {
  const ids = [...row.segments.keys()];
  const [id, other] = [ids[below(ids.length)] as string, ids[below(ids.length)] as string];
  const segment = row.segments.get(id) as Segment;
  const withSegment = (changed: Partial<Segment>): Row => ({
    ...row,
    segments: new Map([...row.segments, [id, { ...segment, ...changed }]]),
  });
  const { record } = row;
  const at = below(row.slots.length);
  const withSlot = (changed: (slot: StoredSlot) => Partial<StoredSlot>): Row => ({
    ...row,
    slots: row.slots.map((slot, i) => (i === at ? { ...slot, ...changed(slot) } : slot)),
  });
  switch (below(9)) {
    case 0:
      return { ...row, record: { ...record, body: damaged(record.body, below) } };
    case 1:
      return { ...row, record: { ...record, links: record.links.toReversed().slice(below(2)) } };
    case 2:
      return { ...row, record: { ...record, links: [...record.links, other] } };
    case 3:
      return withSegment({ body: damaged(segment.body, below) });
    case 4:
      return withSegment({ body: (row.segments.get(other) as Segment).body });
    case 5:
      return withSegment({ links: [...segment.links, id, other] });
    case 6:
      return { ...row, segments: new Map([...row.segments].filter(([each]) => each !== id)) };
    case 7:
      return withSlot(({ payload }) => ({ payload: damaged(payload, below) }));
    default:
      return withSlot(() => ({ payload: record.body }));
  }
}

const ODD = [
  null,
  true,
  -1,
  0.5,
  1e308,
  "",
  "x",
  "__proto__",
  [],
  {},
  [[]],
  { "~": "lc", v: "{}" },
  { "~": "hole", n: 4e9 },
  { "~": "msg", c: "AIMessage", k: {} },
  { "~": "object" },
  { "~": "Error", c: "Error", h: {}, p: {} },
  { lc: 1, type: "constructor", id: ["langchain_core", "messages", "AIMessage"], kwargs: {} },
  { lc: 1, type: "constructor", id: ["langchain_core", "utils", "stream", "concat"], kwargs: {} },
  { lc: 2, type: "constructor", id: ["Map"], args: [[]] },
  { __lc_escaped__: {} },
  JSON.parse('{"__proto__":{"polluted":1}}'),
  JSON.parse('{"then":"x"}'),
  { toJSON: 1, lc_id: 2, lc_kwargs: 3, constructor: 4 },
];

/** A tree with one of its parts replaced. */
function crafted(json: unknown, below: (limit: number) => number): unknown {
  if (typeof json !== "object" || json === null || below(8) === 0) return ODD[below(ODD.length)];
  const keys = Object.keys(json);
  if (keys.length === 0) return ODD[below(ODD.length)];
  const key = keys[below(keys.length)] as string;
  const copy = (Array.isArray(json) ? [...json] : { ...json }) as Record<string, unknown>;
  if (below(10) === 0) delete copy[key];
  else copy[key] = crafted(copy[key], below);
  return copy;
}

describe("fuzzed rows", () => {
  it("C-62 damaged, cut or swapped, they read as they were stored or are refused by name", { timeout: 600_000 }, async () => {
    const below = randomOf(SEED);
    const row = await rowOf(
      Object.fromEntries(Object.entries(VALUES).map(([name, value]) => [name, serializer.dump(value, name)])),
    );
    const expected = await read(row);
    expect(Object.keys(expected)).toHaveLength(2 * Object.keys(VALUES).length);
    let refused = 0;
    for (let i = 0; i < ROWS; i += 1) {
      const found = await outcome(damagedRow(row, below));
      if (found === "refused") refused += 1;
      else expect(difference(expected, found), `row ${i}`).toBeUndefined();
    }
    expect(refused).toBeGreaterThan(ROWS / 2);
  });

  it("C-62 crafted with valid checksums, they are data or are refused by name", { timeout: 600_000 }, async () => {
    const below = randomOf(SEED);
    const official = new MemorySaver().serde;
    const { delta: _, bytes: __, ...jsonValues } = VALUES;
    const texts = await Promise.all([
      ...Object.values(VALUES).map((value) => serializer.dumpsTyped(value)),
      ...Object.values(jsonValues).map((value) => official.dumpsTyped(value)),
    ]);
    const trees = texts
      .filter(([type]) => type !== "bytes")
      .map(([type, bytes]) => [type, JSON.parse(Buffer.from(bytes).toString())] as const);
    let refused = 0;
    for (let i = 0; i < ROWS; i += 1) {
      const [type, tree] = trees[below(trees.length)] as (typeof trees)[number];
      const text = JSON.stringify(crafted(tree, below));
      const versions = below(10) === 0 ? ODD[below(ODD.length)] : { value: 1 };
      const found = await outcome(await rowOf({ value: [type, Buffer.from(text ?? "")] }, versions));
      if (found === "refused") refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(ROWS);
    expect("polluted" in {}).toBe(false);
    expect(Object.name).toBe("Object");
  });
});

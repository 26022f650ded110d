import { describe, expect, it } from "vitest";
import { DeserializationError } from "../errors.js";
import { withChecksum } from "./checksum.js";
import { OWNER } from "./owner.testing.js";
import { decodeWrites, encodeWrites, type StoredSlot } from "./pending-writes.js";
import { decodeCheckpoint, encodeCheckpoint, type StoredRecord } from "./record.js";
import { compress } from "./compression.js";
import { SegmentReader } from "./segment-reader.js";
import { ValueBytes } from "./value-bytes.js";

const NO_SEGMENTS = new SegmentReader(new Map());
const value = { type: "json", bytes: ValueBytes.of(Buffer.from('"a secret of the user"')) };
const header = { v: 4, ts: "2026-01-01T00:00:00.000Z", channel_versions: { a: 1 }, versions_seen: {} };

async function storedRecord(owner = OWNER): Promise<StoredRecord> {
  const { record } = await encodeCheckpoint(owner, header, new Map([["a", value]]), undefined);
  return { ...owner, record };
}

async function storedSlot(owner = OWNER, index = 0): Promise<StoredSlot> {
  const [slot] = (await encodeWrites(owner, [{ ...value, channel: "a", index, position: 0 }])).slots;
  return { taskId: owner.taskId, place: owner.place, arrival: 1n, ...(slot as NonNullable<typeof slot>) };
}

const readRecord = (stored: StoredRecord) => decodeCheckpoint(stored, NO_SEGMENTS).header;
const readSlot = (slot: StoredSlot, owner = OWNER) => decodeWrites({ ...owner, slots: [slot] }, NO_SEGMENTS);

/** The bytes with one bit changed, for every bit. */
function* damagedCopies(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    yield damaged;
  }
}

describe("a record", async () => {
  const stored = await storedRecord();

  it("C-68 is refused with any bit of its body changed, and the error prints nothing of it", () => {
    expect(readRecord(stored)).toEqual(header);
    for (const body of damagedCopies(stored.record.body)) {
      const read = () => readRecord({ ...stored, record: { ...stored.record, body } });
      expect(read).toThrow(DeserializationError);
      expect(read).not.toThrow(/secret/);
    }
  });

  it.for<[string, Partial<StoredRecord>]>([
    ["of another namespace", { namespace: "sub" }],
    ["of another checkpoint", { checkpointId: "c2" }],
    ["with another parent", { parentId: "c0" }],
    ["with other metadata", { metadata: '{"source":"loop","step":2,"parents":{}}' }],
    ["with a link more", { record: { ...stored.record, links: ["00".repeat(16)] } }],
  ])("C-68 is refused %s", ([, other]) => {
    expect(() => readRecord({ ...stored, ...other })).toThrow(DeserializationError);
  });

  it("C-64 is read with its metadata in any order of keys", async () => {
    const metadata = '{"parents":{"b":"1","a":"2"},"step":1,"writes":[{"__proto__":1,"y":0.1,"x":null}]}';
    const reordered = '{"writes": [{"x": null, "y": 0.10, "__proto__": 1}], "step": 1, "parents": {"a": "2", "b": "1"}}';
    expect(readRecord({ ...(await storedRecord({ ...OWNER, metadata })), metadata: reordered })).toEqual(header);
  });

  it("C-31 is read with the parent that it keeps when it is put again as its own", async () => {
    const again = await storedRecord({ ...OWNER, parentId: OWNER.checkpointId });
    expect(readRecord({ ...again, parentId: "c0" })).toEqual(header);
  });
});

describe("a pending write", async () => {
  const slot = await storedSlot();

  it("C-68 is refused with any bit of its payload changed, and the error prints nothing of it", () => {
    expect(readSlot(slot)).toHaveLength(1);
    for (const payload of damagedCopies(slot.payload)) {
      expect(() => readSlot({ ...slot, payload })).toThrow(DeserializationError);
      expect(() => readSlot({ ...slot, payload })).not.toThrow(/secret/);
    }
  });

  it.for<[string, Partial<StoredSlot>]>([
    ["of another task", { taskId: "other" }],
    ["in another slot", { slot: 2 }],
    ["in another place", { place: { taskPath: "~__pregel_pull, a" } }],
    ["with a link more", { links: ["00".repeat(16)] }],
  ])("C-68 is refused %s", ([, other]) => {
    expect(() => readSlot({ ...slot, ...other })).toThrow(DeserializationError);
  });

  it("C-68 is refused of another namespace or checkpoint", () => {
    expect(() => readSlot(slot, { ...OWNER, namespace: "sub" })).toThrow(DeserializationError);
    expect(() => readSlot(slot, { ...OWNER, checkpointId: "c2" })).toThrow(DeserializationError);
  });

  it("C-44 is read in the place that it keeps when it is replaced", async () => {
    expect(readSlot({ ...(await storedSlot(OWNER, -1)), place: { call: 1n } })).toHaveLength(1);
  });
});

it("costs 4 bytes", () => {
  const body = compress(Buffer.from("content"));
  expect(withChecksum(body, "owner")).toHaveLength(body.length + 4);
});

it.for([2, 7, 255])("C-82 codec %i, of a newer version, is refused as such, whatever follows", async (codec) => {
  const { record, ...owner } = await storedRecord();
  const body = Buffer.from(record.body);
  body[0] = codec;
  expect(() => readRecord({ ...owner, record: { ...record, body } })).toThrow(/newer version/);
  const slot = await storedSlot();
  expect(() => readSlot({ ...slot, payload: body })).toThrow(/newer version/);
});

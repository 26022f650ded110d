import {
  type CheckpointRecord,
  DeserializationError,
  decodeId,
  encodeId,
  type PendingSlot,
  type Segment,
  type StoredSlot,
} from "@holdfast/checkpoint-core";

/**
 * What stands in the hashes of a thread. Scripts see of it what `rows.lua` reads; all numbers are little-endian.
 *
 * Bytes, not JSON: values travel as they are, and no text needs escaping. A part is `[length: u32][bytes]`; a list, parts end to end.
 */

const SEGMENT_ID_BYTES = 16;

/** Where a checkpoint stands in its thread's hashes: `[namespace][NUL][id]`. A namespace has no NUL (contract C-05). */
export function decodeMember(member: Buffer): { readonly namespace: string; readonly checkpointId: string } {
  const end = member.indexOf(0);
  return { namespace: member.toString("utf8", 0, end), checkpointId: decodeId(member.subarray(end + 1)) };
}

/** A checkpoint's row: `[parent id][lineage: namespaces and ids in turn][snapshot channels][links][metadata][body]`. */
export interface CheckpointRow {
  readonly parentId: string | undefined;
  readonly snapshots: readonly string[];
  readonly metadata: string;
  readonly record: CheckpointRecord;
}

export function encodeCheckpointRow({ parentId, snapshots, metadata, record }: CheckpointRow): Buffer {
  return list([
    parentId === undefined ? Buffer.alloc(0) : encodeId(parentId),
    list(lineageOf(metadata)),
    list(snapshots.map((channel) => Buffer.from(channel, "utf8"))),
    encodeLinks(record.links),
    Buffer.from(metadata, "utf8"),
    record.body,
  ]);
}

export function decodeCheckpointRow(row: Buffer): Omit<CheckpointRow, "snapshots"> {
  const [parent, , , links, metadata, body] = partsOf(row);
  if (parent === undefined || links === undefined || metadata === undefined || body === undefined) throw damaged();
  return {
    parentId: parent.length === 0 ? undefined : decodeId(parent),
    metadata: metadata.toString("utf8"),
    record: { links: decodeLinks(links), body },
  };
}

/** `metadata.parents`, which say on what checkpoints of the graphs around a subgraph ran, where the scripts can read them (contract C-22). */
function lineageOf(metadata: string): Buffer[] {
  const { parents } = JSON.parse(metadata) as { readonly parents?: unknown };
  if (typeof parents !== "object" || parents === null) return [];
  return Object.entries(parents).flatMap(([namespace, id]) =>
    typeof id === "string" ? [Buffer.from(namespace, "utf8"), encodeId(id)] : [],
  );
}

/** A segment as it is stored: `[number of links: u32][links][body]`. */
export function encodeSegment({ links, body }: Segment): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(links.length);
  return Buffer.concat([count, encodeLinks(links), body]);
}

export function decodeSegment(id: Buffer, value: Buffer): Segment {
  const end = 4 + SEGMENT_ID_BYTES * value.readUInt32LE(0);
  return { id: id.toString("hex"), links: decodeLinks(value.subarray(4, end)), body: value.subarray(end) };
}

export function segmentKey(id: string): Buffer {
  return Buffer.from(id, "hex");
}

/** What tells a slot of a checkpoint's writes: `[number: i32][task id]`. */
export function slotMark(slot: PendingSlot, taskId: string): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32LE(slot.slot);
  return Buffer.concat([number, list([encodeId(taskId)])]);
}

/** What follows the mark: `[task path][links][payload]`. No task path is the empty one. */
export function slotContent(slot: PendingSlot, taskPath: string | undefined): Buffer {
  return list([Buffer.from(taskPath ?? "", "utf8"), encodeLinks(slot.links), slot.payload]);
}

/** The slots of a checkpoint's writes: `[next arrival: u32]`, then per slot `[length: u32][arrival: u32][mark][content]`. */
export function decodeWritesRow(row: Buffer): StoredSlot[] {
  const slots: StoredSlot[] = [];
  for (let at = 4; at < row.length; at += 4 + row.readUInt32LE(at)) {
    const [task, path, links, payload] = partsOf(row.subarray(at + 12, at + 4 + row.readUInt32LE(at)));
    if (task === undefined || path === undefined || links === undefined || payload === undefined) throw damaged();
    slots.push({
      arrival: row.readUInt32LE(at + 4),
      slot: row.readInt32LE(at + 8),
      taskId: decodeId(task),
      taskPath: path.length === 0 ? undefined : path.toString("utf8"),
      links: decodeLinks(links),
      payload,
    });
  }
  return slots;
}

export function encodeLinks(links: readonly string[]): Buffer {
  return Buffer.from(links.join(""), "hex");
}

function decodeLinks(bytes: Buffer): string[] {
  const hex = bytes.toString("hex");
  return Array.from({ length: bytes.length / SEGMENT_ID_BYTES }, (_, n) =>
    hex.slice(2 * SEGMENT_ID_BYTES * n, 2 * SEGMENT_ID_BYTES * (n + 1)),
  );
}

function list(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(part.length);
      return [length, part];
    }),
  );
}

function partsOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) throw damaged();
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

function damaged(): DeserializationError {
  return new DeserializationError("A stored row is damaged.");
}

import { DeserializationError, type Labels } from "@holdfast/checkpoint-core";
import {
  type CheckpointKey,
  type CheckpointRecord,
  type CheckpointSummary,
  decodeId,
  encodeId,
  type PendingSlot,
  type Segment,
  type StoredSlot,
  type WritePlace,
} from "@holdfast/checkpoint-core/adapter";

/**
 * The contents of a thread's hashes. Scripts read them with `rows.lua`. All numbers are little-endian.
 *
 * Bytes, not JSON, so that values are sent unchanged and no text needs escaping. A part is `[length: u32][bytes]`; a list is its parts, end to end.
 */

const SEGMENT_ID_BYTES = 16;

/** The inverse of {@link decodeMember}. */
export function encodeMember({ namespace, checkpointId }: CheckpointKey): Buffer {
  return Buffer.concat([Buffer.from(`${namespace}\0`, "utf8"), encodeId(checkpointId)]);
}

export function encodeMembers(keys: readonly CheckpointKey[]): Buffer {
  return list(keys.map(encodeMember));
}

/** A checkpoint's member in its thread's hashes: `[namespace][NUL][id]`. A namespace has no NUL (contract C-05). */
export function decodeMember(member: Buffer): { readonly namespace: string; readonly checkpointId: string } {
  const end = member.indexOf(0);
  return { namespace: member.toString("utf8", 0, end), checkpointId: decodeId(member.subarray(end + 1)) };
}

/**
 * A checkpoint's row: `[parent id][lineage: namespaces and ids in turn][snapshot channels][links][metadata][body][labels]`. Scripts append
 * `[when it was committed][calls]`, under a lease `[writer]`, and in a hidden checkpoint, after the writer, a non-empty part.
 */
export interface CheckpointRow {
  readonly parentId: string | undefined;
  readonly snapshots: readonly string[];
  readonly metadata: string;
  readonly labels: Labels;
  readonly record: CheckpointRecord;
}

export function encodeCheckpointRow({ parentId, snapshots, metadata, labels, record }: CheckpointRow): Buffer {
  return list([
    parentId === undefined ? Buffer.alloc(0) : encodeId(parentId),
    list(lineageOf(metadata)),
    list(snapshots.map((channel) => Buffer.from(channel, "utf8"))),
    encodeLinks(record.links),
    Buffer.from(metadata, "utf8"),
    record.body,
    encodeLabels(labels),
  ]);
}

export function decodeCheckpointRow(row: Buffer): Omit<CheckpointRow, "snapshots" | "labels"> {
  const [parent, , , links, metadata, body] = partsOf(row);
  if (parent === undefined || links === undefined || metadata === undefined || body === undefined) throw damaged();
  return {
    parentId: parent.length === 0 ? undefined : decodeId(parent),
    metadata: metadata.toString("utf8"),
    record: { links: decodeLinks(links), body },
  };
}

export function encodeLabels(labels: Labels): Buffer {
  return Buffer.from(Object.keys(labels).length === 0 ? "" : JSON.stringify(labels), "utf8");
}

/** The labels of a row. */
export function decodeLabels(text: Buffer): Labels {
  return text.length === 0 ? {} : (JSON.parse(text.toString("utf8")) as Labels);
}

/** A checkpoint in the answer of `checkpoint-summaries.lua`. */
export type SummaryRow = readonly [
  member: Buffer,
  parent: Buffer,
  lineage: Buffer,
  snapshots: Buffer,
  metadata: Buffer,
  labels: Buffer,
  hasWrites: number,
  isHidden: number,
  ageMs: Buffer,
  writer: Buffer,
  isOutcome: number,
];

export function decodeSummary(row: SummaryRow): CheckpointSummary {
  const [member, parent, lineage, snapshots, metadata, labels, hasWrites, isHidden, ageMs, writer, isOutcome] = row;
  return {
    ...decodeMember(member),
    parentId: parent.length === 0 ? undefined : decodeId(parent),
    origins: originsOf(lineage),
    snapshots: partsOf(snapshots).map(String),
    ...decodeSource(metadata),
    hasWrites: hasWrites === 1,
    isHidden: isHidden === 1,
    ageMs: Number(ageMs),
    runId: decodeLabels(labels).run_id,
    lease: writer.length === 0 ? undefined : String(writer.readBigUInt64LE()),
    isOutcome: isOutcome === 1,
  };
}

function originsOf(lineage: Buffer): Record<string, string> {
  const parts = partsOf(lineage);
  return Object.fromEntries(
    Array.from({ length: parts.length / 2 }, (_, n) => [String(parts[2 * n]), decodeId(parts[2 * n + 1] as Buffer)]),
  );
}

/** @param metadata empty if it has nothing of interest here. */
function decodeSource(metadata: Buffer): Pick<CheckpointSummary, "moved" | "isUpdate"> {
  if (metadata.length === 0) return { moved: [], isUpdate: false };
  const { source, counters_since_delta_snapshot: moved } = JSON.parse(metadata.toString("utf8")) as Record<string, unknown>;
  return {
    moved: typeof moved === "object" && moved !== null ? Object.keys(moved) : [],
    isUpdate: source === "update" || source === "fork",
  };
}

/** `metadata.parents`, the checkpoints of the graphs around that a subgraph ran on, in a form that scripts can read (contract C-22). */
function lineageOf(metadata: string): Buffer[] {
  const { parents } = JSON.parse(metadata) as { readonly parents?: unknown };
  if (typeof parents !== "object" || parents === null) return [];
  return Object.entries(parents).flatMap(([namespace, id]) =>
    typeof id === "string" ? [Buffer.from(namespace, "utf8"), encodeId(id)] : [],
  );
}

/** A stored segment: `[number of links: u32][links][body]`. */
export function encodeSegment({ links, body }: Segment): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(links.length);
  return Buffer.concat([count, encodeLinks(links), body]);
}

/** Does not detect damage: reading compares the content with the segment's name. */
export function decodeSegment(id: Buffer, value: Buffer): Segment {
  const end = 4 + SEGMENT_ID_BYTES * (value.length < 4 ? 0 : value.readUInt32LE(0));
  return { id: id.toString("hex"), links: decodeLinks(value.subarray(4, end)), body: value.subarray(end) };
}

export function segmentKey(id: string): Buffer {
  return Buffer.from(id, "hex");
}

/** What identifies a slot of a checkpoint's writes: `[number: i32][task id]`. */
export function slotMark(slot: PendingSlot, taskId: string): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32LE(slot.slot);
  return Buffer.concat([number, list([encodeId(taskId)])]);
}

/**
 * What follows the mark: `[place][links][payload][run]`, for a replaceable slot also `[calls]`, and under a lease `[writer]`, after which the scripts keep what another
 * lease replaced. Otherwise, empty parts at the end are left out.
 *
 * @param call the call that writes it.
 */
export function slotContent(
  slot: PendingSlot,
  place: WritePlace,
  runId: string | undefined,
  call: bigint,
  writer: bigint | undefined,
): Buffer {
  const more = [Buffer.from(runId ?? "", "utf8"), slot.slot < 0 ? encodeCall(call) : Buffer.alloc(0), encodeWriter(writer)];
  while (more.at(-1)?.length === 0) more.pop();
  return list([encodePlace(place), encodeLinks(slot.links), slot.payload, ...more]);
}

/** `[number: u32][process: u32]`. */
export function encodeCall(call: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(call);
  return bytes;
}

/** The writer: `[lease: u64]`, the counted part of its token; empty without a lease. */
export function encodeWriter(lease: bigint | undefined): Buffer {
  return lease === undefined ? Buffer.alloc(0) : encodeCall(lease);
}

const CALL = 0;
const TASK_PATH = 1;

/** `[0: u8][call: u64]`, or `[1: u8][task path]`. */
function encodePlace(place: WritePlace): Buffer {
  if (place.taskPath !== undefined) return Buffer.concat([Buffer.of(TASK_PATH), Buffer.from(place.taskPath, "utf8")]);
  return Buffer.concat([Buffer.of(CALL), encodeCall(place.call)]);
}

function decodePlace(bytes: Buffer): WritePlace {
  if (bytes[0] === TASK_PATH) return { taskPath: bytes.toString("utf8", 1) };
  if (bytes[0] === CALL && bytes.length === 9) return { call: bytes.readBigUInt64LE(1) };
  throw damaged();
}

/** The slots of a checkpoint's writes: `[next arrival: u32]`, then for each slot `[length: u32][arrival: u32][mark][content]`. */
export function decodeWritesRow(row: Buffer): StoredSlot[] {
  const slots: StoredSlot[] = [];
  for (let at = 4; at < row.length; at += 4 + row.readUInt32LE(at)) {
    if (at + 12 > row.length || at + 4 + row.readUInt32LE(at) > row.length) throw damaged();
    const [task, place, links, payload] = partsOf(row.subarray(at + 12, at + 4 + row.readUInt32LE(at)));
    if (task === undefined || place === undefined || links === undefined || payload === undefined) throw damaged();
    slots.push({
      arrival: BigInt(row.readUInt32LE(at + 4)),
      slot: row.readInt32LE(at + 8),
      taskId: decodeId(task),
      place: decodePlace(place),
      links: decodeLinks(links),
      payload,
    });
  }
  return slots;
}

export function encodeLinks(links: readonly string[]): Buffer {
  return Buffer.from(links.join(""), "hex");
}

export function decodeLinks(bytes: Buffer): string[] {
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
    const end = at + 4 > bytes.length ? Number.POSITIVE_INFINITY : at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) throw damaged();
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

function damaged(): DeserializationError {
  return new DeserializationError("A stored row is damaged.");
}

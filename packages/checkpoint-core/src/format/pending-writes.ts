import { type CheckpointPendingWrite, type PendingWrite, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";
import { verified, withChecksum } from "./checksum.js";
import { PayloadReader, PayloadWriter, type ValueEntry } from "./payload.js";
import type { CachedCheckpoint, SerializedValue } from "./record.js";
import { compress, decompress } from "./compression.js";
import type { SegmentReader } from "./segment-reader.js";
import { linksElsewhere, NOTHING_TO_REPEAT, type Repeatable, type SegmentWithContent, withLinked } from "./segment.js";
import { inTurns, type Work } from "./turn.js";
import { type ChannelValue, encodeValue } from "./value.js";
import { callRanks, type PlacedWrite, taskOrder, type WritePlace } from "./write-order.js";

/**
 * How pending writes are stored, and the one place that knows which of two writes counts.
 *
 * A batch is stored in **slots** of its task: one for all its ordinary writes, one for each special write. A slot is written once when it is
 * positive, replaced when it is negative:
 * - a special write has the negative number upstream gives its channel, so that a second one replaces the first;
 * - the ordinary writes of a batch have the slot `highest position + 1`. A second batch of the same length finds its slot taken and is ignored; a
 *   longer one gets a slot of its own, of which only the positions that the first did not have are read.
 * - an ordinary write that stands behind a special one in its batch has a slot of its own: the slot of a batch stands for every position before its
 *   last.
 */
export interface PendingSlot {
  readonly slot: number;
  readonly links: readonly string[];
  /** A compressed payload with its checksum. */
  readonly payload: Buffer;
}

export interface EncodedWrites {
  readonly slots: readonly PendingSlot[];
  readonly created: readonly SegmentWithContent[];
  /** Whether they refer to segments beyond `created`. */
  readonly reusesSegments: boolean;
}

/** A slot as the store returns it. */
export interface StoredSlot extends PendingSlot {
  readonly taskId: string;
  /** Kept when a slot is replaced. */
  readonly place: WritePlace;
  /** Grows with each batch stored; kept when a slot is replaced. */
  readonly arrival: bigint;
}

/** The task of a checkpoint whose writes they are. */
export interface WritesOwner {
  readonly namespace: string;
  readonly checkpointId: string;
  readonly taskId: string;
  readonly place: WritePlace;
}

/** A checkpoint's pending writes as a store returns them. */
export interface StoredSlots extends Pick<WritesOwner, "namespace" | "checkpointId"> {
  readonly slots: readonly StoredSlot[];
}

/** One pending write, still serialized. */
export interface StoredWrite extends PlacedWrite {
  readonly channel: string;
  readonly value: ChannelValue;
}

/** A write of a batch with its serialized value. */
export interface SerializedWrite extends SerializedValue {
  readonly channel: string;
  /** {@link writeIndex}. */
  readonly index: number;
  readonly position: number;
}

interface SlotHeader {
  readonly w: readonly (readonly [index: number, position: number, channel: string, ...ValueEntry])[];
}

/** The position of each write of a batch, or the number of its special channel, as upstream's savers count. */
export function writeIndex(writes: readonly PendingWrite[]): number[] {
  return writes.map(([channel], position) =>
    Object.hasOwn(WRITES_IDX_MAP, channel) ? (WRITES_IDX_MAP[channel] as number) : position,
  );
}

/** Slots are 32-bit integers in Postgres. No batch is as long. */
const FIRST_SINGLE_SLOT = 2 ** 30;

/**
 * Encodes a batch. Of two special writes to one channel the last counts.
 *
 * @param owner whose writes they become.
 * @param repeatable what the writes may repeat: the new segments of the checkpoint that they are made on, and the thread's {@link CachedCheckpoint.context}.
 * @param channels the values of that checkpoint. A task that changes a document writes all of it.
 */
export const encodeWrites = inTurns(function* (
  owner: WritesOwner,
  writes: readonly SerializedWrite[],
  repeatable: Repeatable = NOTHING_TO_REPEAT,
  channels: ReadonlyMap<string, ChannelValue> = new Map(),
): Work<EncodedWrites> {
  const bySlot = new Map<number, SerializedWrite[]>();
  const ordinary = writes.filter((write) => write.index >= 0);
  const leading = ordinary.filter((write, rank) => write.index === rank);
  if (leading.length > 0) bySlot.set(leading.length, leading);
  for (const write of ordinary.slice(leading.length)) bySlot.set(FIRST_SINGLE_SLOT + write.index, [write]);
  for (const write of writes) if (write.index < 0) bySlot.set(write.index, [write]);

  const created = new Map<string, SegmentWithContent>();
  const slots: PendingSlot[] = [];
  for (const [slot, entries] of bySlot) {
    const writer = new PayloadWriter();
    const w: SlotHeader["w"][number][] = [];
    for (const write of entries) {
      const encoded = yield* encodeValue(write.type, write.bytes, channels.get(write.channel), repeatable);
      for (const segment of encoded.created) created.set(segment.id, segment);
      w.push([write.index, write.position, write.channel, ...writer.add(encoded.value)]);
      yield write.bytes.length;
    }
    const { links } = writer;
    const payload = compress(writer.write({ w } satisfies SlotHeader));
    slots.push({ slot, links, payload: withChecksum(payload, ownerText(owner, slot, links)) });
  }
  const sent = withLinked(created, repeatable.verbatim);
  return { slots, created: sent, reusesSegments: linksElsewhere([...slots, ...sent], sent) };
});

/** The writes that count, in the order of contract C-42: those without a task path as they were made, then the others by task path, task and position. */
export function decodeWrites({ namespace, checkpointId, slots }: StoredSlots, segments: SegmentReader): StoredWrite[] {
  const entries = slots.flatMap((stored) => {
    const { taskId, place, arrival, links } = stored;
    const reader = new PayloadReader(decompress(verifiedPayload({ namespace, checkpointId }, stored)), links, segments);
    return (reader.header as SlotHeader).w.map(([index, position, channel, ...entry]) => {
      const write: StoredWrite = { taskId, channel, index, place, value: reader.next(entry) };
      return { write, position, arrival };
    });
  });
  // A special write that was replaced may have the position of another: then it comes first.
  entries.sort((a, b) => Number(a.arrival - b.arrival) || a.position - b.position || a.write.index - b.write.index);
  const seen = new Set<string>();
  const counting = entries.filter(({ write }) => {
    const key = `${write.index} ${write.taskId}`;
    return !seen.has(key) && seen.add(key);
  });
  const arrivals = new Map<bigint, bigint>();
  for (const { place, arrival } of slots) if (place.call !== undefined) arrivals.set(place.call, arrival);
  const ranks = callRanks(arrivals);
  const rankOf = ({ place }: StoredWrite): number => (place.call === undefined ? 0 : (ranks.get(place.call) ?? 0));
  const writes = counting.map(({ write }) => write);
  const [called, withPath] = [
    writes.filter(({ place }) => place.call !== undefined),
    writes.filter(({ place }) => place.taskPath !== undefined),
  ];
  // Stable: the writes of one call stay as they are.
  return [...called.sort((a, b) => rankOf(a) - rankOf(b)), ...withPath.sort(taskOrder(withPath))];
}

/**
 * The payload of a slot without its checksum.
 *
 * @throws DeserializationError when the payload, its links, its ids or its place are not as they were stored.
 */
export function verifiedPayload(checkpoint: Pick<WritesOwner, "namespace" | "checkpointId">, stored: StoredSlot): Buffer {
  const { taskId, place, slot, links, payload } = stored;
  return verified(payload, ownerText({ ...checkpoint, taskId, place }, slot, links));
}

/** A slot that is replaced keeps its place, which the writer need not know. */
function ownerText({ namespace, checkpointId, taskId, place }: WritesOwner, slot: number, links: readonly string[]): string {
  const where = slot < 0 ? "" : (place.taskPath ?? place.call);
  return ["write", namespace, checkpointId, taskId, slot, links.join(""), where].join("\0");
}

/** A pending write as LangGraph takes it. */
export function pendingWrite(write: StoredWrite, value: unknown): CheckpointPendingWrite {
  return [write.taskId, write.channel, value];
}

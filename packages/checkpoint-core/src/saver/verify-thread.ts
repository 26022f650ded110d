import { checkpointName } from "../config/ids.js";
import { decodeMetadata } from "../config/metadata.js";
import { DeserializationError } from "../errors.js";
import { decodeWrites, type StoredSlot, type StoredSlots, verifiedPayload } from "../format/pending-writes.js";
import { decodeCheckpoint, type SerializedValue, verifiedBody } from "../format/record.js";
import { dictionaryLength } from "../format/compression.js";
import type { Segment } from "../format/segment.js";
import type { SegmentReader } from "../format/segment-reader.js";
import { breathe } from "../format/turn.js";
import type { ReadCheckpoint } from "../store/checkpoint-store.js";
import { damageText, errorName } from "../store/stored-checkpoint.js";
import type { ThreadPart } from "../store/thread-part.js";
import type { StoreContext } from "./context.js";
import { segmentsOf } from "./get-tuple.js";
import type { Findings, Place, VerifyProblemKind } from "./verify-report.js";

/** `"dependent"`: it cannot be opened, because another one that it was compressed against cannot, or is not there. */
type SegmentState = "sound" | "damaged" | "dependent";

/** Looks at a thread part by part. It holds the ids of its checkpoints and segments, and one part. */
export class ThreadCheck {
  readonly #saver: StoreContext;
  readonly #threadId: string;
  readonly #findings: Findings;
  readonly #segments = new Map<string, SegmentState>();
  readonly #checkpoints = new Set<string>();
  readonly #earlyWrites = new Set<string>();
  /** Keys of parents that were not there before their children. */
  readonly #awaited: { readonly namespace: string; readonly parentId: string }[] = [];

  constructor(saver: StoreContext, threadId: string, findings: Findings) {
    this.#saver = saver;
    this.#threadId = threadId;
    this.#findings = findings;
  }

  readonly hasRead = (segmentId: string): boolean => this.#segments.has(segmentId);

  async look(part: ThreadPart): Promise<void> {
    const reader = await segmentsOf(this.#saver, part);
    for (const { kind, message, ...place } of part.faults) this.#add(kind, place, message);
    await this.#lookAtSegments(part, reader);
    for (const checkpoint of part.checkpoints) {
      const { namespace, checkpointId } = checkpoint;
      // A row that cannot be taken apart says so when it is looked at.
      const slots = this.#decoded({ namespace, checkpointId }, () => checkpoint.slots);
      if (slots === undefined) {
        this.#checkpoints.add(checkpointName(checkpoint));
        continue;
      }
      await this.#lookAtCheckpoint(checkpoint, part, reader);
      for (const slot of slots) await this.#lookAtSlot(checkpoint, slot, part, reader);
    }
    for (const writes of part.earlyWrites) {
      this.#earlyWrites.add(checkpointName(writes));
      this.#findings.unreferencedWrites += writes.slots.length;
      for (const slot of writes.slots) await this.#lookAtSlot(writes, slot, part, reader);
    }
  }

  /** Looks at what only shows when all parts were seen. */
  end(): void {
    const lost = new Map<string, Place>();
    for (const { namespace, parentId } of this.#awaited) {
      const key = checkpointName({ namespace, checkpointId: parentId });
      if (this.#checkpoints.has(key)) continue;
      this.#findings.withoutParent += 1;
      // What is pruned goes with its writes, and what comes from elsewhere comes without those of others.
      if (this.#earlyWrites.has(key)) lost.set(key, { namespace, checkpointId: parentId });
    }
    for (const place of lost.values())
      this.#add(
        "missing-checkpoint",
        place,
        "There are pending writes to the checkpoint, and others were made on it, but it is not there.",
      );
  }

  #add(kind: VerifyProblemKind, place: Place, message: string): void {
    this.#findings.add(kind, this.#threadId, place, message);
  }

  async #lookAtSegments({ segments, unreferenced }: ThreadPart, reader: SegmentReader): Promise<void> {
    const unsound: Segment[] = [];
    for (const segment of segments.values()) {
      if (this.#segments.has(segment.id)) continue;
      this.#findings.segments += 1;
      this.#findings.bytes += segment.body.length;
      const isSound = opens(segment.id, reader);
      this.#segments.set(segment.id, isSound ? "sound" : "damaged");
      if (!isSound) unsound.push(segment);
      await breathe(segment.body.length);
    }
    const dependent = unsound.filter(({ links, body }) =>
      links.slice(0, dictionaryLength(body)).some((link) => !segments.has(link) || this.#segments.get(link) !== "sound"),
    );
    for (const { id } of dependent) this.#segments.set(id, "dependent");
    this.#findings.unreferencedSegments += unreferenced.length;
    for (const id of unreferenced) {
      if (this.#segments.get(id) === "damaged")
        this.#add("damaged", { segmentId: id }, "The segment is damaged, and nothing refers to it.");
    }
  }

  async #lookAtCheckpoint(checkpoint: ReadCheckpoint, part: ThreadPart, reader: SegmentReader): Promise<void> {
    const { namespace, checkpointId, parentId, metadata, record } = checkpoint;
    const place = { namespace, checkpointId };
    this.#findings.checkpoints += 1;
    this.#findings.bytes += record.body.length + Buffer.byteLength(metadata);
    this.#checkpoints.add(checkpointName(checkpoint));
    if (parentId !== undefined && !this.#checkpoints.has(checkpointName({ namespace, checkpointId: parentId })))
      this.#awaited.push({ namespace, parentId });
    const isWhole = this.#decoded(place, () => {
      verifiedBody(checkpoint);
      decodeMetadata(metadata);
      return true;
    });
    if (isWhole === undefined || !this.#hasSegments(place, record.links, part)) return;
    const decoded = this.#decoded(place, () => decodeCheckpoint(checkpoint, reader));
    for (const [channel, value] of decoded?.cached.channels ?? []) await this.#load(place, channel, value);
  }

  async #lookAtSlot(
    { namespace, checkpointId }: Omit<StoredSlots, "slots">,
    slot: StoredSlot,
    part: ThreadPart,
    reader: SegmentReader,
  ): Promise<void> {
    const place = { namespace, checkpointId, taskId: slot.taskId };
    this.#findings.pendingWrites += 1;
    this.#findings.bytes += slot.payload.length;
    const body = this.#decoded(place, () => verifiedPayload(place, slot));
    if (body === undefined || !this.#hasSegments(place, slot.links, part)) return;
    const writes = this.#decoded(place, () => decodeWrites({ namespace, checkpointId, slots: [slot] }, reader));
    for (const { channel, value } of writes ?? []) await this.#load(place, channel, value);
  }

  /** Adds a problem for each segment that can be reached from these links and is missing or damaged. */
  #hasSegments(place: Place, links: readonly string[], { segments }: ThreadPart): boolean {
    const reached = new Set(links);
    let isWhole = true;
    const refuse = (kind: "missing-segment" | "damaged", segmentId: string, what: string): void => {
      this.#add(kind, { ...place, segmentId }, `It needs the segment ${segmentId}, which is ${what}.`);
      isWhole = false;
    };
    // A Set goes on to what is added while it is walked.
    for (const id of reached) {
      const segment = segments.get(id);
      if (segment === undefined) refuse("missing-segment", id, "not there");
      else if (this.#segments.get(id) === "damaged") refuse("damaged", id, "damaged");
      for (const link of segment?.links ?? []) reached.add(link);
    }
    return isWhole;
  }

  /** What `decode` returns; `undefined`, and a problem, where it throws. */
  #decoded<T>(place: Place, decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      this.#add("damaged", place, damageText(error));
      return undefined;
    }
  }

  async #load(place: Place, channel: string, value: SerializedValue): Promise<void> {
    try {
      await this.#saver.serializer.load(value);
    } catch (error) {
      const reason = error instanceof DeserializationError ? error.message : errorName(error);
      this.#add("unreadable", place, `The value of the channel ${channel} cannot be read: ${reason}`);
    }
  }
}

function opens(id: string, reader: SegmentReader): boolean {
  try {
    reader.beginPut();
    reader.content(id);
    return true;
  } catch {
    return false;
  }
}

import { LRUCache } from "lru-cache";
import type { KnownCheckpoint } from "./checkpoint-record.js";
import type { CheckpointRef } from "./checkpoint-ref.js";
import type { OpenSegment } from "./segment.js";

/**
 * The serialized channels of the checkpoints that this process read or wrote last, so that the next `put` of a run can store differences without
 * reading its parent again. It only saves work: whatever is missing or stale, the store decides.
 *
 * @typeParam Guard what the store must still say for the entry's segments to be there.
 */
export class CheckpointCache<Guard> {
  readonly #entries: LRUCache<string, CachedCheckpoint<Guard>>;

  /** @param maxBytes bound on the serialized values kept, in bytes; 0 keeps nothing. */
  constructor(maxBytes: number) {
    // lru-cache takes a size of 0 as "no limit"; no entry is as small as 1.
    this.#entries = new LRUCache<string, CachedCheckpoint<Guard>>({ maxSize: Math.max(1, maxBytes), sizeCalculation: sizeOf });
  }

  get(ref: CheckpointRef): CachedCheckpoint<Guard> | undefined {
    return this.#entries.get(keyOf(ref));
  }

  set(ref: CheckpointRef, known: KnownCheckpoint, guard: Guard): void {
    this.#entries.set(keyOf(ref), { known, guard, related: [] });
  }

  /** Remembers segments that pending writes of a checkpoint were stored in: the next checkpoint's values are made from them. */
  addRelated(ref: CheckpointRef, segments: readonly OpenSegment[]): void {
    const entry = this.#entries.get(keyOf(ref));
    if (entry === undefined || segments.length === 0) return;
    let bytes = 0;
    const related = [...segments, ...entry.related].filter((segment) => {
      bytes += segment.content.length;
      return bytes <= MAX_RELATED_BYTES;
    });
    this.#entries.set(keyOf(ref), { ...entry, related });
  }

  delete(ref: CheckpointRef): void {
    this.#entries.delete(keyOf(ref));
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Bytes of serialized values held. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }
}

export interface CachedCheckpoint<Guard> {
  readonly known: KnownCheckpoint;
  readonly guard: Guard;
  readonly related: readonly OpenSegment[];
}

/** More than deflate can look back would be of no use. */
const MAX_RELATED_BYTES = 24 * 1024;
const ENTRY_OVERHEAD_BYTES = 1024;

function keyOf(ref: CheckpointRef): string {
  // Ids contain no NUL (contract C-01, C-05).
  return `${ref.threadId}\0${ref.namespace}\0${ref.checkpointId}`;
}

function sizeOf(entry: CachedCheckpoint<unknown>): number {
  let bytes = ENTRY_OVERHEAD_BYTES + (entry.known.keyframe?.content.length ?? 0);
  for (const value of entry.known.channels.values()) bytes += value.bytes.length;
  for (const segment of entry.related) bytes += segment.content.length;
  return bytes;
}

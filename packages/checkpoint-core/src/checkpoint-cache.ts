import { LRUCache } from "lru-cache";
import type { KnownCheckpoint } from "./checkpoint-record.js";
import type { CheckpointRef, NamespaceRef } from "./checkpoint-ref.js";
import { MAX_LINKING_BYTES, type OpenSegment } from "./segment.js";

/**
 * The serialized channels of the checkpoints that this process read or wrote last, so that the next `put` of a run can store differences without
 * reading its parent again. It only saves work: whatever is missing or stale, the store decides.
 *
 * @typeParam Guard what the store must still say for the segments of an entry to be there.
 */
export class CheckpointCache<Guard> {
  readonly #checkpoints: LRUCache<string, KnownAndGuard<Guard>>;
  readonly #related: LRUCache<string, readonly OpenSegment[]>;
  readonly #contexts: LRUCache<string, ContextAndGuard<Guard>>;

  /** @param maxBytes bound on what is kept, in bytes of serialized values; 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#checkpoints = new LRUCache<string, KnownAndGuard<Guard>>(bounded(maxBytes * 0.75, ({ known }) => knownBytes(known)));
    this.#related = new LRUCache<string, readonly OpenSegment[]>(bounded(maxBytes * 0.125, contentBytes));
    this.#contexts = new LRUCache<string, ContextAndGuard<Guard>>(
      bounded(maxBytes * 0.125, ({ segment }) => contentBytes([segment])),
    );
  }

  /** A checkpoint, and what the next one's values may repeat. */
  get(ref: CheckpointRef): CachedCheckpoint<Guard> | undefined {
    const entry = this.#checkpoints.get(checkpointKey(ref));
    return entry === undefined ? undefined : { ...entry, related: this.related(ref) };
  }

  set(ref: CheckpointRef, known: KnownCheckpoint, guard: Guard): void {
    this.#checkpoints.set(checkpointKey(ref), { known, guard });
    if (known.context !== undefined) this.#contexts.set(namespaceKey(ref), { segment: known.context, guard });
  }

  /** New segments of a checkpoint and of its pending writes, all of which may still be on their way to the store. */
  related(ref: CheckpointRef): readonly OpenSegment[] {
    return this.#related.get(checkpointKey(ref)) ?? [];
  }

  /** Remembers new segments, of which only such are of use that can be linked to, and only so many as deflate can look back. */
  addRelated(ref: CheckpointRef, segments: readonly OpenSegment[]): void {
    const kept: OpenSegment[] = [];
    let bytes = 0;
    for (const segment of new Set([...segments, ...this.related(ref)])) {
      if (segment.content.length >= MAX_LINKING_BYTES || bytes + segment.content.length > MAX_RELATED_BYTES) continue;
      bytes += segment.content.length;
      kept.push(segment);
    }
    if (kept.length > 0) this.#related.set(checkpointKey(ref), kept);
  }

  /** What new segments of this namespace may be compressed against. */
  context(ref: NamespaceRef): ContextAndGuard<Guard> | undefined {
    return this.#contexts.get(namespaceKey(ref));
  }

  delete(ref: CheckpointRef): void {
    this.#checkpoints.delete(checkpointKey(ref));
    this.#related.delete(checkpointKey(ref));
  }

  clear(): void {
    this.#checkpoints.clear();
    this.#related.clear();
    this.#contexts.clear();
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#checkpoints.calculatedSize + this.#related.calculatedSize + this.#contexts.calculatedSize;
  }
}

interface KnownAndGuard<Guard> {
  readonly known: KnownCheckpoint;
  readonly guard: Guard;
}

/** A segment that the thread still has as long as the guard holds. */
export interface ContextAndGuard<Guard> {
  readonly segment: OpenSegment;
  readonly guard: Guard;
}

export interface CachedCheckpoint<Guard> extends KnownAndGuard<Guard> {
  readonly related: readonly OpenSegment[];
}

const MAX_RELATED_BYTES = 24 * 1024;
const ENTRY_OVERHEAD_BYTES = 512;

function bounded<V>(maxBytes: number, bytesOf: (value: V) => number): { maxSize: number; sizeCalculation: (value: V) => number } {
  // lru-cache takes a size of 0 as "no limit"; no entry is as small as 1.
  return { maxSize: Math.max(1, Math.floor(maxBytes)), sizeCalculation: (value) => ENTRY_OVERHEAD_BYTES + bytesOf(value) };
}

function contentBytes(segments: readonly OpenSegment[]): number {
  return segments.reduce((sum, segment) => sum + segment.content.length, 0);
}

function knownBytes(known: KnownCheckpoint): number {
  let bytes = known.keyframe?.content.length ?? 0;
  for (const value of known.channels.values()) bytes += value.bytes.length;
  return bytes;
}

// Ids contain no NUL (contract C-01, C-05).

function namespaceKey(ref: NamespaceRef): string {
  return `${ref.threadId}\0${ref.namespace}`;
}

function checkpointKey(ref: CheckpointRef): string {
  return `${namespaceKey(ref)}\0${ref.checkpointId}`;
}

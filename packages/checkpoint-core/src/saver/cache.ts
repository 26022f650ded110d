import type { RunnableConfig } from "@langchain/core/runnables";
import { LRUCache } from "lru-cache";
import type { CheckpointRef, NamespaceRef } from "../config/ids.js";
import { isRunConfig } from "../config/run-config.js";
import { own } from "../format/own.js";
import type { CachedCheckpoint, CheckpointRecord } from "../format/record.js";
import { MAX_LINKING_BYTES } from "../format/compression.js";
import { heldBytes, type SegmentWithContent } from "../format/segment.js";
import { isSameGuard, type ThreadGuard } from "../store/checkpoint-store.js";
import { entryCache } from "../store/entry-cache.js";

/**
 * The serialized channels of the checkpoints that this process read or wrote last, so that the next `put` of a run can store differences without
 * reading its parent again. It only saves work: whatever is missing or stale, the store decides.
 */
export class CheckpointCache {
  readonly #checkpoints: LRUCache<string, GuardedCheckpoint>;
  readonly #related: LRUCache<string, readonly RelatedSegment[]>;
  readonly #threads: LRUCache<string, CachedThread>;
  readonly #inFlight = new Map<string, Basis>();
  readonly #lastInFlight = new Map<string, CheckpointRef>();

  /** @param maxBytes bound on what is kept, in bytes of memory, about; 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#checkpoints = new LRUCache<string, GuardedCheckpoint>({
      maxSize: atLeastOne(maxBytes * 0.75),
      sizeCalculation: ({ cached, record }) => ENTRY_OVERHEAD_BYTES + cachedBytes(cached) + record.body.length,
    });
    this.#related = new LRUCache<string, readonly RelatedSegment[]>({
      maxSize: atLeastOne(maxBytes * 0.125),
      sizeCalculation: (related) => related.reduce((sum, { segment }) => sum + heldBytes(segment), ENTRY_OVERHEAD_BYTES),
    });
    this.#threads = new LRUCache<string, CachedThread>({
      maxSize: atLeastOne(maxBytes * 0.125),
      sizeCalculation: ({ context }) => ENTRY_OVERHEAD_BYTES + (context === undefined ? 0 : heldBytes(context)),
    });
  }

  get(ref: CheckpointRef): GuardedCheckpoint | undefined {
    return this.#checkpoints.get(checkpointKey(ref));
  }

  set(ref: CheckpointRef, cached: CachedCheckpoint, guard: ThreadGuard, record: CheckpointRecord): void {
    // Nothing is kept.
    if (this.#checkpoints.maxSize === 1) return;
    for (const { bytes } of cached.channels.values()) bytes.settle();
    this.#checkpoints.set(checkpointKey(ref), { cached, guard, record: { links: record.links, body: own(record.body) } });
    this.#threads.set(namespaceKey(ref), { context: cached.context, guard, checkpointId: ref.checkpointId });
  }

  /** A checkpoint that is on its way to the store, until {@link endInFlight}: tasks write to it before the store has answered. */
  setInFlight(
    ref: CheckpointRef,
    cached: CachedCheckpoint,
    guard: ThreadGuard | undefined,
    created: readonly SegmentWithContent[],
  ): void {
    this.#inFlight.set(checkpointKey(ref), { ref, cached, guard, inFlight: new Set(created.map(({ id }) => id)) });
    this.#lastInFlight.set(namespaceKey(ref), ref);
  }

  endInFlight(ref: CheckpointRef): void {
    this.#inFlight.delete(checkpointKey(ref));
    const last = this.#lastInFlight.get(namespaceKey(ref));
    if (last?.checkpointId === ref.checkpointId) this.#lastInFlight.delete(namespaceKey(ref));
  }

  /**
   * What writes to a checkpoint can be stored as differences to: that checkpoint, or else the one that was begun last in its namespace. (A task that takes
   * no time writes to a checkpoint whose `put` waits for that of its parent.)
   */
  basis(ref: CheckpointRef): Basis | undefined {
    const own = this.#basisOf(ref);
    if (own !== undefined) return own;
    const last = this.#lastInFlight.get(namespaceKey(ref))?.checkpointId ?? this.thread(ref)?.checkpointId;
    return last === undefined ? undefined : this.#basisOf({ ...ref, checkpointId: last });
  }

  #basisOf(ref: CheckpointRef): Basis | undefined {
    const entry = this.#checkpoints.get(checkpointKey(ref));
    return entry === undefined ? this.#inFlight.get(checkpointKey(ref)) : { ref, ...entry, inFlight: NONE };
  }

  /**
   * New segments of a checkpoint and of its pending writes, some of which may still be on their way to the store.
   *
   * @param guard what will be checked when they are linked to: others, whose links hold under another guard, are left out.
   */
  related(ref: CheckpointRef, guard: ThreadGuard | undefined): readonly SegmentWithContent[] {
    const related = this.#related.get(checkpointKey(ref)) ?? [];
    return related.filter((each) => each.guard === undefined || isSameGuard(each.guard, guard)).map(({ segment }) => segment);
  }

  /**
   * Remembers new segments: of short ones, which others are compressed against, only so many as deflate can look back, and of long ones, of which others
   * repeat whole parts, as many as fit.
   *
   * @param guard under which their links lead somewhere; `undefined` when they link to nothing but each other.
   */
  addRelated(ref: CheckpointRef, segments: readonly SegmentWithContent[], guard: ThreadGuard | undefined): void {
    const before = this.#related.get(checkpointKey(ref)) ?? [];
    const known = new Set(before.map(({ segment }) => segment.id));
    const fresh = segments.filter(({ id }) => !known.has(id)).map((segment) => ({ segment, guard }));
    const kept: RelatedSegment[] = [];
    const dropped = new Set<string>();
    const left = { short: MAX_SHORT_BYTES, long: Math.min(MAX_LONG_BYTES, this.#related.maxSize / 4) };
    for (const each of [...fresh, ...before]) {
      const { length } = each.segment.content;
      const size = length < MAX_LINKING_BYTES ? "short" : "long";
      if (length <= left[size]) {
        left[size] -= length;
        kept.push(each);
      } else dropped.add(each.segment.id);
    }
    // What is dropped is no longer sent along with what links to it, and may itself never have reached the store.
    for (const { segment } of kept.toReversed()) if (segment.links.some((link) => dropped.has(link))) dropped.add(segment.id);
    const complete = kept.filter(({ segment }) => !dropped.has(segment.id));
    if (complete.length > 0) this.#related.set(checkpointKey(ref), complete);
  }

  /**
   * Some of the related segments are stored, so that others can link to them as long as the guard holds.
   *
   * @param segments all that one statement has stored: what they link to is among them, or was there before.
   */
  acknowledge(ref: CheckpointRef, segments: readonly SegmentWithContent[], guard: ThreadGuard): void {
    const stored = new Set(segments.map(({ id }) => id));
    const related = this.#related.get(checkpointKey(ref));
    if (related === undefined || stored.size === 0) return;
    this.#related.set(
      checkpointKey(ref),
      related.map((each) => (stored.has(each.segment.id) ? { segment: { ...each.segment, isStored: true }, guard } : each)),
    );
  }

  /** What is known of the thread, whichever checkpoint of the namespace told it. */
  thread(ref: NamespaceRef): CachedThread | undefined {
    return this.#threads.get(namespaceKey(ref));
  }

  delete(ref: CheckpointRef): void {
    this.#checkpoints.delete(checkpointKey(ref));
    this.#related.delete(checkpointKey(ref));
  }

  clear(): void {
    this.#checkpoints.clear();
    this.#related.clear();
    this.#threads.clear();
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#checkpoints.calculatedSize + this.#related.calculatedSize + this.#threads.calculatedSize;
  }
}

/** A checkpoint, and what the thread must still be for its segments to be there. */
export interface GuardedCheckpoint {
  readonly cached: CachedCheckpoint;
  readonly guard: ThreadGuard;
  readonly record: CheckpointRecord;
}

interface Basis {
  readonly ref: CheckpointRef;
  readonly cached: CachedCheckpoint;
  readonly guard: ThreadGuard | undefined;
  /** Ids of its segments that may still be on their way. */
  readonly inFlight: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

interface RelatedSegment {
  readonly segment: SegmentWithContent;
  readonly guard: ThreadGuard | undefined;
}

/** {@link CachedCheckpoint.context} of the latest checkpoint that this process read or wrote. */
export interface CachedThread {
  readonly context: SegmentWithContent | undefined;
  readonly guard: ThreadGuard;
  readonly checkpointId: string;
}

const MAX_SHORT_BYTES = 24 * 1024;
/** What a checkpoint's tasks have written, to be found again in the next one's values. */
const MAX_LONG_BYTES = 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 512;

/** lru-cache takes a size of 0 as "no limit"; no entry is as small as 1. */
function atLeastOne(maxBytes: number): number {
  return Math.max(1, Math.floor(maxBytes));
}

/** Of a channel: its name and version, and the objects around the bytes of its value. */
const CHANNEL_BYTES = 640;
const PIECE_BYTES = 176;

function cachedBytes({ keyframe, channels }: CachedCheckpoint): number {
  let bytes = keyframe === undefined ? 0 : heldBytes(keyframe);
  for (const value of channels.values()) bytes += CHANNEL_BYTES + value.bytes.length + PIECE_BYTES * (value.pieces?.length ?? 0);
  return bytes;
}

// Ids contain no NUL (contract C-01, C-05).

function namespaceKey(ref: NamespaceRef): string {
  return `${ref.threadId}\0${ref.namespace}`;
}

/** Names a checkpoint. */
export function checkpointKey(ref: CheckpointRef): string {
  return `${namespaceKey(ref)}\0${ref.checkpointId}`;
}

/**
 * Which life of a thread a run is in: its `threadKey`, as it was when the run last read or wrote its root graph. For calls outside of runs, which the saver's last one
 * saw.
 *
 * A first checkpoint names none before it, and with durability "exit" that of a subgraph names none that is stored: only this tells that its thread was deleted
 * since its run began.
 */
export class ThreadLives {
  readonly #keys = entryCache<string>(10_000);
  /** By the function that a run and its subgraphs share. */
  readonly #ofRuns = new WeakMap<object, Map<string, string | undefined>>();

  of(threadId: string, config: RunnableConfig | undefined): string | undefined {
    const ofRun = isRunConfig(config) ? this.#ofRuns.get(config.writer) : undefined;
    return ofRun?.has(threadId) ? ofRun.get(threadId) : this.#keys.get(threadId);
  }

  /** @param threadKey `undefined`: there is no such thread, and whoever writes next begins one. */
  note(threadId: string, threadKey: string | undefined, config: RunnableConfig | undefined): void {
    if (threadKey === undefined) this.#keys.delete(threadId);
    else if (this.#keys.get(threadId) !== threadKey) this.#keys.set(threadId, threadKey);
    if (!isRunConfig(config)) return;
    const ofRun = this.#ofRuns.get(config.writer);
    if (ofRun === undefined) this.#ofRuns.set(config.writer, new Map([[threadId, threadKey]]));
    else ofRun.set(threadId, threadKey);
  }

  /** This saver deletes the thread. Runs that are going on are still in the life that ends. */
  forget(threadId: string): void {
    this.#keys.delete(threadId);
  }
}

import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointRecord } from "./checkpoint-record.js";
import type { CheckpointRef, NamespaceRef } from "./checkpoint-ref.js";
import type { EncodedWrites, StoredSlot } from "./pending-writes.js";
import type { Segment } from "./segment.js";

/**
 * What a store does for a saver: each method is one atomic, idempotent operation on it. What is stored is decided in core; how, and by which
 * statements or scripts, in the adapter.
 *
 * Every method throws errors of the Holdfast family, after its own retries.
 */
export interface CheckpointStore {
  /**
   * Called before each operation, when its arguments are known to be right: the store checks that it is set up, and what it takes from the config.
   *
   * @param operation the method that the user called, for error messages.
   */
  ready(operation: string, config?: RunnableConfig): Promise<void>;
  /** The checkpoint with that id, or the one that was committed last: `checkpoints` has one or none. */
  getTuple(ref: NamespaceRef, checkpointId: string | undefined, config?: RunnableConfig): Promise<Reading>;
  /** The checkpoints of one thread, newest committed first, page by page. */
  list(threadId: string, selection: ListSelection, limit: number): AsyncIterable<Reading>;
  /** All thread ids, the thread that was made last first. */
  listThreadIds(): AsyncIterable<string>;
  /**
   * The ancestors of a checkpoint, nearest first, with their writes, up to and including the one where every channel asked for has had a snapshot.
   * Of ancestors without such a snapshot, only what is needed to tell which channels they have: then `whole` is false.
   */
  getDeltaChannelHistory(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    channels: readonly string[],
  ): AsyncIterable<Reading>;
  /** @returns what later puts may rely on; `undefined` when the guard did not hold, and nothing was stored. */
  put(input: PutInput): Promise<ThreadGuard | undefined>;
  /** @returns `false` when the guard did not hold, and nothing was stored. */
  putWrites(input: PutWritesInput): Promise<boolean>;
  deleteThread(threadId: string): Promise<void>;
  /** Ends the waits of retries, and closes what the saver opened. */
  end(): Promise<void>;
}

/**
 * What a thread must still be for segments read before to be there: the same since it was begun (`threadKey` is never used again), and none of its
 * segments freed since (`epoch` grows with each time). Both are the store's to choose.
 */
export interface ThreadGuard {
  readonly threadKey: string;
  readonly epoch: string;
}

/** A checkpoint as stored, with its writes. */
export interface ReadCheckpoint {
  readonly guard: ThreadGuard;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly parentId: string | undefined;
  /** JSON. */
  readonly metadata: string;
  readonly record: CheckpointRecord;
  readonly slots: readonly StoredSlot[];
  /** Whether the segments of all of its values were read. */
  readonly whole: boolean;
}

export interface Reading {
  readonly checkpoints: readonly ReadCheckpoint[];
  /** Every segment that the checkpoints and their writes need. */
  readonly segments: ReadonlyMap<string, Segment>;
}

/** What narrows a list; an absent field does not. */
export interface ListSelection {
  readonly namespace: string | undefined;
  readonly checkpointId: string | undefined;
  /** Only what was committed before this checkpoint of the thread; where it does not have it, only smaller ids (contract C-22). */
  readonly before: string | undefined;
  /** Only metadata with these keys and equal values. */
  readonly filter: Readonly<Record<string, unknown>> | undefined;
}

export interface PutInput {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly parentId: string | undefined;
  /** JSON. */
  readonly metadata: string;
  /** Channels whose value is a delta channel's snapshot. */
  readonly snapshots: readonly string[];
  readonly record: CheckpointRecord;
  readonly created: readonly Segment[];
  /** Set when the record refers to segments that stand in the store: nothing is stored unless the thread is still the same. */
  readonly guard: ThreadGuard | undefined;
}

export interface PutWritesInput {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly taskId: string;
  readonly taskPath: string | undefined;
  readonly writes: EncodedWrites;
  /** Set when the writes refer to segments that stand in the store: nothing is stored unless the thread is still the same. */
  readonly guard: ThreadGuard | undefined;
}

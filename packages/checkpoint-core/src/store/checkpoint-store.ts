import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointKey, CheckpointRef, NamespaceRef } from "../config/ids.js";
import type { Labels } from "../config/run-config.js";
import type { PendingSlot, StoredSlot } from "../format/pending-writes.js";
import type { CheckpointRecord } from "../format/record.js";
import type { Segment } from "../format/segment.js";
import type { WritePlace } from "../format/write-order.js";
import type { Refusal } from "./refusal.js";
import type { ThreadStore } from "./thread-store.js";

/**
 * What a store does for a saver: each method is one atomic, idempotent operation on it. What is stored is decided in core; how, and by which
 * statements or scripts, in the adapter.
 *
 * Every method throws errors of the Holdfast family, after its own retries.
 */
export interface CheckpointStore extends ThreadStore {
  /**
   * Called before each operation, when its arguments are known to be right: the store checks that it is set up, and what it takes from the config.
   *
   * @param operation the method that the user called, for error messages.
   */
  ready(operation: string, config?: RunnableConfig): Promise<void>;
  /**
   * The checkpoint with that id, or the one that was committed last: `checkpoints` has one or none.
   *
   * @param cached a checkpoint whose values the caller has. If it is the one, and its record is still the same, they are not sent.
   */
  getTuple(ref: NamespaceRef, checkpointId: string | undefined, config?: RunnableConfig, cached?: CachedRecord): Promise<Reading>;
  /** The checkpoints of one thread, newest committed first, page by page. */
  list(threadId: string, selection: ListSelection, limit: number): AsyncIterable<Reading>;
  /** All thread ids, the thread that was made last first. */
  listThreadIds(): AsyncIterable<string>;
  /**
   * The ancestors of a checkpoint, nearest first, with their writes, up to and including the one where every channel asked for has had a snapshot.
   * Of ancestors without such a snapshot, only what is needed to tell which channels they have.
   */
  getDeltaChannelHistory(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    channels: readonly string[],
  ): AsyncIterable<Reading>;
  put(input: PutInput): Promise<WriteOutcome>;
  putWrites(input: PutWritesInput): Promise<WriteOutcome>;
  /**
   * @param token of the lease that the caller holds.
   * @param others ids of checkpoints that are remembered as if they had been in the thread; at most {@link MOST_REMEMBERED}.
   */
  deleteThread(threadId: string, token: string | undefined, others?: readonly string[]): Promise<Refusal | undefined>;
  /** The same store for migrations: `getTuple` and `list` read incomplete threads, too. */
  forMigrations(): CheckpointStore;
  acquireLease(request: LeaseRequest): Promise<LeaseAnswer>;
  /** @returns whether the lease is still live, and now lasts `ttlMs` from now. */
  renewLease(threadId: string, token: string, ttlMs: number): Promise<boolean>;
  /** Ends the lease if it is the thread's; that it has run out does not matter as long as nobody else has got one. */
  releaseLease(threadId: string, token: string): Promise<void>;
  /** Ends a live lease now, without a release: the next one counts as many tries as this one, not one more. */
  handOverLease(threadId: string, token: string): Promise<void>;
  /** Leases that ended without a release longer than `olderThanMs` ago, the oldest first. */
  endedLeases(olderThanMs: number, limit: number): Promise<readonly EndedLease[]>;
  /** One round trip to the server, and one try. */
  ping(): Promise<void>;
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
  readonly values: ReadValues;
}

/**
 * Which of a checkpoint's segments are in a reading: those of all values; what is needed to tell the names of its channels; or none, as the caller has
 * them.
 */
export type ReadValues = "all" | "names" | "none";

/** A checkpoint that this process has written or read, told by its id and its record, which says where each value stands. */
export interface CachedRecord {
  readonly checkpointId: string;
  /** Body and links together: the body names segments by their positions in the links. */
  readonly record: CheckpointRecord;
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
  /** Only checkpoints with these labels. */
  readonly labels: Labels | undefined;
}

/**
 * A write was made, or why it was not. `"past"`: it is an earlier try, or comes after a later one of its process, or its checkpoint was pruned; the store stays
 * as it is, which is how it would be had the write come in time.
 */
export type WriteOutcome = { readonly kind: "stored"; readonly guard: ThreadGuard } | { readonly kind: "past" } | Refusal;

/** For whom a lease is. */
export interface LeaseRequest {
  readonly threadId: string;
  readonly ttlMs: number;
  readonly owner: string;
  /** Only if the lease with this token was the thread's last one, and ended without a release. */
  readonly ended?: string;
}

/** `token`: a positive integer, above those of all leases of the thread before it. `tries`: how many leases in a row ended without a release. */
export type LeaseAnswer =
  | { readonly kind: "granted"; readonly token: string; readonly tries: number }
  | { readonly kind: "busy"; readonly owner: string | undefined; readonly remainingMs: number };

/** A lease that ended without a release: its holder crashed, or stalled. */
export interface EndedLease {
  readonly threadId: string;
  readonly token: string;
  readonly owner: string | undefined;
  readonly endedMsAgo: number;
}

/** What a writer must show. It tells a write from an earlier try that arrives late, and from what came after it. */
export interface WriteConditions {
  /** The fencing token of the writer's lease. A live lease lets only its own token write; a token writes only while its lease is live. */
  readonly token: string | undefined;
  /** The number of the call, the same for all its tries. What one process replaces, only its later calls replace again. */
  readonly call: bigint;
  /**
   * The checkpoints that the write belongs to: of a put, its parent and those of the graphs around its subgraph; of writes, their own. Where one of them was
   * deleted with its thread, so is what belongs to it.
   */
  readonly lineage: readonly CheckpointKey[];
  /** The life of the thread, its `threadKey`, that the write is meant for, where the lineage may not tell: once it is deleted, the write comes too late. */
  readonly life: string | undefined;
}

export interface PutInput extends WriteConditions {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly parentId: string | undefined;
  /** JSON. */
  readonly metadata: string;
  readonly labels: Labels;
  /** Channels whose value is a delta channel's snapshot. */
  readonly snapshots: readonly string[];
  readonly record: CheckpointRecord;
  readonly created: readonly Segment[];
  /** With `onConflict: "reject"`, what the head of the namespace must be (`id: undefined`: there is none). A checkpoint that is stored already is let through. */
  readonly expectedHead: { readonly id: string | undefined } | undefined;
  /** Set when the record refers to segments that stand in the store: nothing is stored unless the thread is still the same. */
  readonly guard: ThreadGuard | undefined;
  /** Whether an earlier try of this call may have been stored before the guard was read. */
  readonly isRepeated: boolean;
}

export interface PutWritesInput extends WriteConditions {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly taskId: string;
  /** Where a slot stands; one that is replaced keeps its place. */
  readonly place: WritePlace;
  /** The label of the run that wrote them. */
  readonly runId: string | undefined;
  readonly slots: readonly PendingSlot[];
  readonly created: readonly Segment[];
  /** Set when the writes refer to segments that stand in the store: nothing is stored unless the thread is still the same. */
  readonly guard: ThreadGuard | undefined;
}

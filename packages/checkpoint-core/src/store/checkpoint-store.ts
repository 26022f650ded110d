import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointKey, CheckpointRef, NamespaceRef } from "../config/ids.js";
import type { Labels } from "../config/run-config.js";
import type { PendingSlot, StoredSlot } from "../format/pending-writes.js";
import type { CheckpointRecord } from "../format/record.js";
import type { Segment } from "../format/segment.js";
import type { WritePlace } from "../format/write-order.js";
import type { LeaseLost, Refusal } from "./refusal.js";
import type { RunEnd, RunStore } from "./run-store.js";
import type { ThreadStore } from "./thread-store.js";

/**
 * What a store does for a saver. Each method is one atomic, idempotent operation, and throws errors of the Holdfast family after its own retries. Core
 * decides what is stored; the adapter decides how.
 */
export interface CheckpointStore extends ThreadStore, RunStore {
  /**
   * Called before each operation, once its arguments are checked: the store checks that it is set up, and what it reads from the config.
   *
   * @param operation the method that the user called, for error messages.
   */
  ready(operation: string, config?: RunnableConfig): Promise<void> | undefined;
  /**
   * The checkpoint with that id, or the one that was committed last: `checkpoints` has one or none.
   *
   * @param cached a checkpoint whose values the caller has. If it is this one and its record is unchanged, the values are not sent.
   */
  getTuple(ref: NamespaceRef, checkpointId: string | undefined, config?: RunnableConfig, cached?: CachedRecord): Promise<Reading>;
  /** The checkpoints of one thread, newest committed first, page by page. */
  list(threadId: string, selection: ListSelection, limit: number): AsyncIterable<Reading>;
  /** All thread ids, the newest thread first. */
  listThreadIds(): AsyncIterable<string>;
  /**
   * The ancestors of a checkpoint with their writes, nearest first, up to and including the one where every requested channel has had a snapshot.
   * Ancestors without a snapshot come with only what tells which channels they have.
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
   * @param others ids of checkpoints to remember as if they had been in the thread; at most {@link MOST_REMEMBERED}.
   */
  deleteThread(threadId: string, token: string | undefined, others?: readonly string[]): Promise<Refusal | undefined>;
  /** The same store for migrations: `getTuple` and `list` also read incomplete threads. */
  forMigrations(): CheckpointStore;
  acquireLease(request: LeaseRequest): Promise<LeaseAnswer>;
  /** @returns why not, unless the lease is still live, and now lasts `ttlMs` from now. */
  renewLease(threadId: string, token: string, ttlMs: number): Promise<LeaseLost | undefined>;
  /**
   * Ends the lease if it is the thread's last one, even if it has already run out.
   *
   * @param end notes in the same step what the run came to that had the lease.
   */
  releaseLease(threadId: string, token: string, end?: RunEnd): Promise<void>;
  /** Ends a live lease now, without a release. The next lease has the same number of tries, not one more. */
  handOverLease(threadId: string, token: string): Promise<void>;
  /**
   * Gives a thread free whose lease somebody else has, or whose lease ended without a release. Whatever its holder writes after that is refused with this reason;
   * the store remembers it.
   */
  revokeLease(threadId: string, reason: string): Promise<RevokedLease | undefined>;
  /** Leases that ended without a release longer than `olderThanMs` ago, the oldest first. */
  endedLeases(olderThanMs: number, limit: number): Promise<readonly EndedLease[]>;
  /** One round trip to the server, and one try. */
  ping(): Promise<void>;
  /** Ends the waits of retries, and closes what the saver opened. */
  end(): Promise<void>;
}

/**
 * Tells whether segments that were read earlier still exist: the thread is the same one (a `threadKey` is never reused), and none of its segments was freed
 * since (each time, `epoch` grows). The store chooses both.
 */
export interface ThreadGuard {
  readonly threadKey: string;
  readonly epoch: string;
}

export function isSameGuard(a: ThreadGuard | undefined, b: ThreadGuard | undefined): boolean {
  return a === b || (a !== undefined && a.threadKey === b?.threadKey && a.epoch === b.epoch);
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
 * Which of a checkpoint's segments a reading contains: those of all values; those that tell the names of its channels; or none, because the caller has
 * the values.
 */
export type ReadValues = "all" | "names" | "none";

/** A checkpoint that this process has written or read: its id, and its record, which says where each value is. */
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
  /** Only what was committed before this checkpoint; if the thread does not have it, only smaller ids (contract C-22). */
  readonly before: string | undefined;
  /** Only metadata with these keys and equal values. */
  readonly filter: Readonly<Record<string, unknown>> | undefined;
  /** Only checkpoints with these labels. */
  readonly labels: Labels | undefined;
}

/**
 * A write was made, or why not. `"past"`: the write is a late try, or a later write of its process has replaced it, or its checkpoint was pruned. The store
 * stays as it is, which is how it would be if the write had arrived in time.
 */
export type WriteOutcome = { readonly kind: "stored"; readonly guard: ThreadGuard } | { readonly kind: "past" } | Refusal;

/** Who asks for which lease. */
export interface LeaseRequest {
  readonly threadId: string;
  readonly ttlMs: number;
  readonly owner: string;
  /** Grant it only if the lease with this token was the thread's last, and ended without a release. */
  readonly ended?: string;
  /** Also from whoever has it, to go on from what they have committed, or to remove it. Not from a migration. Default: from nobody. */
  readonly takes?: "interrupt" | "rollback" | undefined;
  /** The key of the run that is to have the lease. It is not taken from the same run. A claim (`ended`) goes on with the run that is there. */
  readonly run?: string | undefined;
}

/**
 * `token`: a positive integer, greater than those of all earlier leases of the thread. `tries`: how many leases in a row ended without a release. `overtaken`: the
 * counted parts of tokens: that of the live lease which was taken, and those of leases that ended for an earlier rollback, which may not have been finished. `run`:
 * the key of the run that had the last lease, which ended without a release. `isSameRun`: the run that asks has the lease already.
 */
export type LeaseAnswer =
  | {
      readonly kind: "granted";
      readonly token: string;
      readonly tries: number;
      readonly overtaken?: readonly [string, ...string[]] | undefined;
      readonly run?: string | undefined;
    }
  | { readonly kind: "busy"; readonly owner: string | undefined; readonly remainingMs: number; readonly isSameRun?: boolean };

/** A lease that was ended before its time. */
export interface RevokedLease {
  /** The counted part of its token. */
  readonly count: string;
  readonly owner: string | undefined;
}

/** A lease that ended without a release: its holder crashed, or stalled. */
export interface EndedLease {
  readonly threadId: string;
  readonly token: string;
  readonly owner: string | undefined;
  readonly endedMsAgo: number;
}

/** What a write is checked by. It distinguishes a write from an earlier try that arrives late, and from later writes. */
export interface WriteConditions {
  /** The fencing token of the writer's lease. A live lease lets only its own token write; a token writes only while its lease is live. */
  readonly token: string | undefined;
  /** The number of the call, the same for all its tries. What a call wrote, only later calls of its process replace. */
  readonly call: bigint;
  /**
   * The checkpoints that the write belongs to: for a put, its parent and those of the graphs around its subgraph; for writes, their own. If one of them was
   * deleted with its thread, the write is refused.
   */
  readonly lineage: readonly CheckpointKey[];
  /** The `threadKey` of the thread that the write is meant for, if the lineage may not tell. Once that thread is deleted, the write is refused. */
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
  /** With `onConflict: "reject"`, what the head of the namespace must be (`id: undefined`: there is none). Putting a stored checkpoint again is allowed. */
  readonly expectedHead: { readonly id: string | undefined } | undefined;
  /** Set when the record refers to stored segments: nothing is stored unless the thread is still the same. */
  readonly guard: ThreadGuard | undefined;
  /** Whether an earlier try of this call may have been stored before the guard was read. */
  readonly isRepeated: boolean;
}

export interface PutWritesInput extends WriteConditions {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly taskId: string;
  /** Where the slots sort; a replaced slot keeps its place. */
  readonly place: WritePlace;
  /** The label of the run that wrote them. */
  readonly runId: string | undefined;
  readonly slots: readonly PendingSlot[];
  readonly created: readonly Segment[];
  /** Set when the writes refer to stored segments: nothing is stored unless the thread is still the same. */
  readonly guard: ThreadGuard | undefined;
}

import type { CheckpointKey } from "../config/ids.js";
import type { Labels } from "../config/run-config.js";
import type { Refusal } from "./refusal.js";

/**
 * What a store does with whole threads: pruning them, copying them, finding them again. Like {@link CheckpointStore}, each method is idempotent and
 * throws errors of the Holdfast family, after its own retries.
 */
export interface ThreadStore {
  /** The key of the thread's life now, which is never used again; `undefined` when there is no such thread. */
  threadKey(threadId: string): Promise<string | undefined>;
  /** All checkpoints of a thread, hidden ones included; `undefined` when there is no such thread. */
  checkpointSummaries(threadId: string): Promise<CheckpointSummaries | undefined>;
  /**
   * Takes checkpoints out of a thread, with their writes, and frees what nothing in the thread refers to any more. One step, or several, each of which
   * leaves all that remains whole.
   *
   * The ids of the newest of them are remembered for a day: a batch of writes to one of them that comes later is dropped (`"pruned"`).
   */
  prune(input: PruneInput): Promise<PruneOutcome>;
  /**
   * Copies a thread as it is at one moment, its lease aside. In the copy, the order of commits is the same.
   */
  copyThread(from: string, to: string): Promise<CopyOutcome>;
  /** Threads, the one that was written last first, as far as {@link ThreadSummary.updatedAt} tells; equal ones by id, backwards. */
  listThreads(selection: ThreadSelection, limit: number): AsyncIterable<ThreadSummary>;
  /** What is stored for a thread; `undefined` when there is no such thread. */
  threadStats(threadId: string): Promise<StoredThread | undefined>;
  stats(): Promise<StoreStats>;
  /** Ids of the threads that have checkpoints of one of these runs. Some may have none any more. */
  threadsOfRuns(runIds: readonly string[]): AsyncIterable<string>;
  /**
   * Takes the right to sweep, which one sweeper has at a time.
   *
   * @param token of the sweep to go on with, for so long from now. `undefined`: begin one.
   * @returns `undefined` when somebody else has it, or when the token's time was up.
   */
  claimSweep(token: string | undefined, ttlMs: number): Promise<SweepClaim | undefined>;
  /** @param cursor where the next sweep goes on; `""`: from the beginning. */
  releaseSweep(token: string, cursor: string): Promise<void>;
  /** The next threads in a fixed order, whatever their state. */
  sweepPage(cursor: string, limit: number): Promise<SweepPage>;
  /** Remembers that a thread was pruned as it was at that moment. */
  markSwept(threadId: string, seen: string): Promise<void>;
  /** How much of a thread is in the store. */
  threadPlace(threadId: string): Promise<ThreadPlace>;
  /**
   * Makes a thread incomplete, so that it can be copied here under the lease with this token. An incomplete thread is not there for any operation but those of its
   * migration, deletion and leases; only that token writes to it, until {@link endMigration}.
   *
   * @returns `false`, and nothing was done, when the lease is lost, or the thread is here.
   */
  beginMigration(threadId: string, token: string): Promise<boolean>;
  /** Makes the thread complete. @returns `false`, and nothing was done, when the lease is lost. */
  endMigration(threadId: string, token: string): Promise<boolean>;
  /** Deletes a thread, unless it was written to less than `idleMs` ago (`"kept"`, or it is not there), or somebody has its lease (`"busy"`). */
  deleteIdleThread(threadId: string, idleMs: number): Promise<IdleDeletion>;
}

/** Of a deleted thread, and of those that were pruned, so many of the newest checkpoints are remembered, for a day: a run that is going on builds on one of them. */
export const MOST_REMEMBERED = 1_024;

/**
 * `"here"`: the root graph has a checkpoint. `"absent"`: it has none. `"incomplete"`: a migration from another saver has begun, and has not ended, or was broken
 * off.
 */
export type ThreadPlace = "here" | "absent" | "incomplete";

/** What became of a thread that was to be deleted if it is idle. */
export type IdleDeletion = "deleted" | "kept" | "busy";

export interface CheckpointSummaries {
  readonly threadKey: string;
  /** In the order of their commits. */
  readonly checkpoints: readonly CheckpointSummary[];
  /** Whether something is left that nothing refers to: of what was replaced, or of a prune that was ended in the middle. */
  readonly isUnfreed: () => Promise<boolean>;
}

export interface PruneInput {
  readonly threadId: string;
  /** The thread as it was looked at. */
  readonly summaries: CheckpointSummaries;
  /** Of the lease that the caller holds. */
  readonly token: string | undefined;
  /** One that has writes now, and had none, makes the outcome `"changed"`: an interrupt may wait there. */
  readonly remove: readonly RemovedCheckpoint[];
  readonly hide: readonly CheckpointKey[];
  /** Of checkpoints that remain and have no child, the writes of these runs go, too. */
  readonly writesOfRuns: readonly string[];
  /** The same for what was written last under leases of these counts; what they had replaced is put back. */
  readonly writesOfLeases: readonly string[];
}

/** `bytes`: of the rows that were removed. `"changed"`: the thread is not as it was looked at, and is to be looked at again. */
export type PruneOutcome =
  | { readonly kind: "pruned"; readonly bytes: number }
  | Extract<Refusal, { readonly kind: "changed" | "busy" | "lease-lost" }>;

export type CopyOutcome =
  | { readonly kind: "copied"; readonly checkpoints: number; readonly bytes: number }
  /** There is nothing under the first id, only a part of a thread, or something under the second. Nothing was done. */
  | { readonly kind: "not-found" }
  | { readonly kind: "incomplete" }
  | { readonly kind: "exists" };

/** What narrows a listing of threads; an absent field does not. */
export interface ThreadSelection {
  readonly prefix: string | undefined;
  /** Milliseconds since 1970, by the clock of the store. A thread of which it cannot be told, as `updatedAt` is right to the minute, is in. */
  readonly updatedAfter: number | undefined;
  /** Only threads that were not written to for so many milliseconds. */
  readonly idleMs: number | undefined;
  /** Only what comes after this one. */
  readonly before: { readonly threadId: string; readonly updatedAt: number } | undefined;
  readonly labels: Labels | undefined;
}

/** A thread, as a listing shows it. */
export interface ThreadSummary {
  readonly threadId: string;
  readonly namespaces: readonly string[];
  readonly checkpoints: number;
  /** When its first checkpoint was committed; milliseconds since 1970. */
  readonly createdAt: number;
  /** When it was last written to, to the minute. */
  readonly updatedAt: number;
  /** Bytes of its rows, compressed as they are. */
  readonly bytes: number;
  readonly labels: Labels;
  readonly lease: { readonly owner: string | undefined; readonly remainingMs: number } | undefined;
  /**
   * Whether the latest checkpoint of the root graph has an interrupt of a task that has written nothing else (`"open"`), and besides it a resume value,
   * which may be its answer (`"answered"`).
   */
  readonly question: "none" | "open" | "answered";
}

/** What is stored for one thread. */
export interface StoredThread {
  readonly checkpoints: number;
  readonly segments: number;
  readonly pendingWrites: number;
  /** Bytes of its rows, compressed as they are. */
  readonly bytes: number;
  /** When the oldest checkpoint was committed; milliseconds since 1970. */
  readonly oldest: number | undefined;
  /** Checkpoints that were committed within the last 24 hours. */
  readonly checkpointsLastDay: number;
}

/** What a store holds. */
export interface StoreStats extends StoredThread {
  readonly threads: number;
  /** What the store occupies, indexes and room to spare included. */
  readonly occupiedBytes: number;
}

export interface SweepClaim {
  readonly token: string;
  /** Where the last sweep stopped; `""`: at the end. */
  readonly cursor: string;
}

export interface SweepPage {
  readonly threads: readonly SweepCandidate[];
  /** `""`: that was the last page. */
  readonly cursor: string;
}

export interface SweepCandidate {
  readonly threadId: string;
  /** How long ago it was written to, in milliseconds, to the minute. */
  readonly idleMs: number;
  /** For {@link ThreadStore.markSwept}. */
  readonly seen: string;
  /** Whether it was written to since it was last swept. */
  readonly isDirty: boolean;
}

/** What retention must know of a checkpoint. */
export interface CheckpointSummary extends CheckpointKey {
  readonly parentId: string | undefined;
  /** `metadata.parents`: on which checkpoint of each graph around it a subgraph ran. */
  readonly origins: Readonly<Record<string, string>>;
  /** Channels whose value here is a delta channel's snapshot. */
  readonly snapshots: readonly string[];
  /** Delta channels that have moved on since their last snapshot (`metadata.counters_since_delta_snapshot`). */
  readonly moved: readonly string[];
  /** `metadata.source` is `"update"` or `"fork"`: made by `updateState`, which does not count in `moved`. */
  readonly isUpdate: boolean;
  readonly hasWrites: boolean;
  /** Kept out of sight, for others that need it (`hide` of a retention plan). */
  readonly isHidden: boolean;
  /** How long ago it was committed, in milliseconds, by the clock of the store. */
  readonly ageMs: number;
  /** The run that made it, where it is labelled with one. */
  readonly runId: string | undefined;
  /** The counted part of the token of the lease under which it was made. */
  readonly lease: string | undefined;
}

/** One that is to go, as it was when that was decided. */
export interface RemovedCheckpoint extends CheckpointKey {
  readonly hasWrites: boolean;
}

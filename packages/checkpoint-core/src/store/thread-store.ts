import type { CheckpointKey } from "../config/ids.js";
import type { Labels } from "../config/run-config.js";
import type { Refusal } from "./refusal.js";
import type { ThreadPart } from "./thread-part.js";

/**
 * What a store does with whole threads: prune, copy and list them. As in {@link CheckpointStore}, each method is idempotent, and throws errors of the
 * Holdfast family after its own retries.
 */
export interface ThreadStore {
  /** The key of the thread, which is never reused, not even for a new thread of the same id; `undefined` if there is no such thread. */
  threadKey(threadId: string): Promise<string | undefined>;
  /** All checkpoints of a thread, hidden ones included; `undefined` when there is no such thread. */
  checkpointSummaries(threadId: string): Promise<CheckpointSummaries | undefined>;
  /**
   * Removes checkpoints and their writes from a thread, and frees what nothing in the thread refers to any more, in one or several steps. After each step,
   * what remains is whole.
   *
   * The store remembers the ids of the newest of them for a day, and drops later writes to them (`"past"`).
   */
  prune(input: PruneInput): Promise<PruneOutcome>;
  /** Copies a thread, without its lease, as it is at one moment. The order of commits stays the same. */
  copyThread(from: string, to: string): Promise<CopyOutcome>;
  /** Threads by {@link ThreadPosition.position}, the last written first; equal ones by id, descending. */
  listThreads(selection: ThreadSelection, limit: number): AsyncIterable<ThreadSummary>;
  /** What is stored for a thread; `undefined` when there is no such thread. */
  threadStats(threadId: string): Promise<StoredThread | undefined>;
  stats(): Promise<StoreStats>;
  /** Changes labels of a thread; `null` takes one away. When it was written to stays as it is. @returns whether there is such a thread. */
  setLabels(threadId: string, labels: ChangedLabels): Promise<boolean>;
  /** What else is known of a thread than its content; `undefined` when there is no such thread. */
  threadHistory(threadId: string): Promise<ThreadHistory | undefined>;
  /** Gives a thread the history of the one that it was copied from, if it has as many checkpoints. Labels that it has itself stay. */
  adoptHistory(threadId: string, history: ThreadHistory): Promise<void>;
  /** Ids of all threads but incomplete ones, whatever their format, in a fixed order. Some may be gone by now. */
  allThreadIds(): AsyncIterable<string>;
  /**
   * All rows of a thread, page by page, with hidden checkpoints and whatever nothing refers to; no page if there is no such thread. Each page is as the thread was at
   * one moment.
   *
   * @param hasRead whether an earlier page had this segment.
   */
  threadParts(threadId: string, hasRead: (segmentId: string) => boolean): AsyncIterable<ThreadPart>;
  /** Ids of the threads that have, or once had, checkpoints of one of these runs. */
  threadsOfRuns(runIds: readonly string[], among: AmongThreads): AsyncIterable<string>;
  /**
   * Takes the right to sweep, which one sweeper has at a time.
   *
   * @param token of the sweep to continue; `undefined` starts one. The right lasts `ttlMs` from now.
   * @returns `undefined` if another sweeper has the right, or the token's time is up.
   */
  claimSweep(token: string | undefined, ttlMs: number): Promise<SweepClaim | undefined>;
  /** @param cursor where the next sweep continues; `""`: at the beginning. */
  releaseSweep(token: string, cursor: string): Promise<void>;
  /** The next threads in a fixed order, whatever their state. */
  sweepPage(cursor: string, limit: number): Promise<SweepPage>;
  /** Remembers the state in which a thread was last swept. */
  markSwept(threadId: string, seen: string): Promise<void>;
  /** How much of a thread is in the store. */
  threadPlace(threadId: string): Promise<ThreadPlace>;
  /**
   * Makes a thread incomplete, so that it can be copied here under the lease with this token. Until {@link endMigration}, only that token writes to it, and only
   * its migration, deletion and leases see it.
   *
   * @returns `false`, with nothing done, if the lease is lost or the thread is already here.
   */
  beginMigration(threadId: string, token: string): Promise<boolean>;
  /** Makes the thread complete. @returns `false`, with nothing done, if the lease is lost. */
  endMigration(threadId: string, token: string): Promise<boolean>;
  /** Deletes a thread, unless it was written to less than `idleMs` ago or does not exist (`"kept"`), or is leased (`"busy"`). */
  deleteIdleThread(threadId: string, idleMs: number): Promise<IdleDeletion>;
}

/** How many of the newest deleted or pruned checkpoints of a thread are remembered for a day: a run in progress builds on one of them. */
export const MOST_REMEMBERED = 1_024;

/**
 * `"here"`: the root graph has a checkpoint. `"absent"`: it has none. `"incomplete"`: a migration from another saver has begun and not ended.
 */
export type ThreadPlace = "here" | "absent" | "incomplete";

/** What became of a thread that was to be deleted if idle. */
export type IdleDeletion = "deleted" | "kept" | "busy";

export interface CheckpointSummaries {
  readonly threadKey: string;
  /** In the order of their commits. */
  readonly checkpoints: readonly CheckpointSummary[];
  /** Whether unreferenced segments are left: of replaced values, or of an interrupted prune. */
  readonly isUnfreed: () => Promise<boolean>;
}

export interface PruneInput {
  readonly threadId: string;
  /** The thread as the plan saw it. */
  readonly summaries: CheckpointSummaries;
  /** The token of the lease that the caller holds. */
  readonly token: string | undefined;
  /** If one of them has gained writes, the outcome is `"changed"`: an interrupt may wait there. */
  readonly remove: readonly RemovedCheckpoint[];
  readonly hide: readonly CheckpointKey[];
  /** The writes of these runs to remaining checkpoints without a child are removed, too. */
  readonly writesOfRuns: readonly string[];
  /** The same for what was written last under leases of these counts; what they had replaced is put back. */
  readonly writesOfLeases: readonly string[];
}

/** `bytes`: of the removed rows. `"changed"`: the thread has changed since the plan was made; make a new one. */
export type PruneOutcome =
  | { readonly kind: "pruned"; readonly bytes: number }
  | Extract<Refusal, { readonly kind: "changed" | "busy" | "lease-lost" }>;

export type CopyOutcome =
  | { readonly kind: "copied"; readonly checkpoints: number; readonly bytes: number }
  /** The source does not exist or is incomplete, or the target exists. Nothing was done. */
  | { readonly kind: "not-found" }
  | { readonly kind: "incomplete" }
  | { readonly kind: "exists" };

/** Labels by name; `null` for one that is to go. */
export type ChangedLabels = Readonly<Record<string, string | null>>;

/** Times are microseconds since 1970, as text. */
export interface ThreadHistory {
  readonly labels: Labels;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly checkpoints: readonly CheckpointHistory[];
}

export interface CheckpointHistory extends CheckpointKey {
  readonly labels: Labels;
  readonly committedAt: string;
}

/** Which threads come into question; an absent field does not narrow them. */
export interface AmongThreads extends Pick<ThreadSelection, "within"> {
  readonly threads: readonly string[] | undefined;
}

/** What narrows a listing of threads; an absent field does not. */
export interface ThreadSelection {
  readonly prefix: string | undefined;
  /** Only the thread of this id, and those whose id goes on from it behind a slash. */
  readonly within: string | undefined;
  /** Milliseconds since 1970, by the clock of the store. `updatedAt` is exact to the minute; a thread in doubt is included. */
  readonly updatedAfter: number | undefined;
  /** Only threads that were not written to for this many milliseconds. */
  readonly idleMs: number | undefined;
  /** Only what comes after this one. */
  readonly before: ThreadPosition | undefined;
  readonly labels: Labels | undefined;
}

/** Where a thread stands in a listing. */
export interface ThreadPosition {
  readonly threadId: string;
  /** When it was last written to: microseconds since 1970, as text. That is noted once a minute; beyond, the last commit of the root graph tells. */
  readonly position: string;
}

/** A thread, as a listing shows it. */
export interface ThreadSummary extends ThreadPosition {
  readonly namespaces: readonly string[];
  readonly checkpoints: number;
  /** When its first checkpoint was committed; milliseconds since 1970. */
  readonly createdAt: number;
  /** Bytes of its rows, as compressed. */
  readonly bytes: number;
  readonly labels: Labels;
  readonly lease: { readonly owner: string | undefined; readonly remainingMs: number } | undefined;
  /**
   * `"open"`: the latest checkpoint of the root graph has an interrupt of a task that has written nothing else. `"answered"`: it also has a resume value, which
   * may be the answer.
   */
  readonly question: "none" | "open" | "answered";
}

/** What is stored for one thread. */
export interface StoredThread {
  readonly checkpoints: number;
  readonly segments: number;
  readonly pendingWrites: number;
  /** Bytes of its rows, as compressed. */
  readonly bytes: number;
  /** When the oldest checkpoint was committed; milliseconds since 1970. */
  readonly oldest: number | undefined;
  /** Checkpoints that were committed within the last 24 hours. */
  readonly checkpointsLastDay: number;
}

/** What a store holds. */
export interface StoreStats extends StoredThread {
  readonly threads: number;
  /** What the store occupies, including indexes and free space. */
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
  /** Milliseconds since the last write, exact to the minute. */
  readonly idleMs: number;
  /** For {@link ThreadStore.markSwept}. */
  readonly seen: string;
  /** Whether it was written to since the last sweep. */
  readonly isDirty: boolean;
}

/** What retention must know of a checkpoint. */
export interface CheckpointSummary extends CheckpointKey {
  readonly parentId: string | undefined;
  /** `metadata.parents`: for each graph around a subgraph, the checkpoint that it ran on. */
  readonly origins: Readonly<Record<string, string>>;
  /** Channels whose value here is a delta channel's snapshot. */
  readonly snapshots: readonly string[];
  /** Delta channels that have moved on since their last snapshot (`metadata.counters_since_delta_snapshot`). */
  readonly moved: readonly string[];
  /** `metadata.source` is `"update"` or `"fork"`: made by `updateState`, which does not count in `moved`. */
  readonly isUpdate: boolean;
  readonly hasWrites: boolean;
  /** Kept out of sight because others need it (`hide` of a retention plan). */
  readonly isHidden: boolean;
  /** Milliseconds since it was committed, by the clock of the store. */
  readonly ageMs: number;
  /** The run that made it, if labelled. */
  readonly runId: string | undefined;
  /** The counted part of the token of the lease under which it was made. */
  readonly lease: string | undefined;
  /** Whether a run that has an idempotency key ended at it. */
  readonly isOutcome: boolean;
}

/** A checkpoint to remove, as the plan saw it. */
export interface RemovedCheckpoint extends CheckpointKey {
  readonly hasWrites: boolean;
}

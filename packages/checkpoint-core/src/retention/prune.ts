import { duration, flag, integer, oneOf, refuseUnknown } from "../config/options.js";
import { InvalidOptionsError, ThreadNotFoundError } from "../errors.js";
import { resolveLease } from "../leases/given-lease.js";
import type { ThreadLease } from "../leases/lease.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { refusalError } from "../store/refusal.js";
import type { CheckpointSummaries, PruneInput, ThreadStore } from "../store/thread-store.js";
import { planRetention, planWithoutLeases, planWithoutRuns, type RetentionPlan, type RetentionRule } from "./plan.js";

/** What `prune` leaves of a thread. */
export interface PrunePolicy {
  /** How many of the newest checkpoints of each graph of the thread stay: an integer of at least 1. Default 1. */
  readonly keepLast?: number;
  /** Checkpoints beyond them stay until this age, in milliseconds. Default: they go at once. */
  readonly maxAge?: number;
  /** `"keep_latest"`: as the other options say. `"delete"`: delete the whole thread. Named as in LangGraph for Python. Default `"keep_latest"`. */
  readonly strategy?: "keep_latest" | "delete";
  /** Only report what would be removed. Default `false`. */
  readonly dryRun?: boolean;
  /** The caller's lease of one of the threads. */
  readonly lease?: ThreadLease;
  /** Ends it, with the signal's reason. Threads that were pruned before stay so. */
  readonly signal?: AbortSignal;
}

/** What became of the threads. */
export interface PruneReport {
  /** Threads from which something was removed. */
  readonly threads: number;
  /** Threads that were deleted as a whole. */
  readonly deleted: number;
  /** Checkpoints that were removed, those of deleted threads included. */
  readonly checkpoints: number;
  /** Checkpoints that were hidden instead, because others are rebuilt from them. */
  readonly hidden: number;
  /** Bytes of the removed rows. With `dryRun`, 0: only removing tells which values are no longer referenced. */
  readonly bytes: number;
  /** Threads that were leased and therefore skipped. */
  readonly busy: readonly string[];
}

/** {@link PrunePolicy}, checked. */
export interface ResolvedPrunePolicy {
  readonly rule: RetentionRule | "delete";
  readonly dryRun: boolean;
  readonly lease: ThreadLease | undefined;
}

/** @throws InvalidOptionsError */
export function resolvePrunePolicy(policy: PrunePolicy = {}): ResolvedPrunePolicy {
  refuseUnknown("prune", policy, ["keepLast", "maxAge", "strategy", "dryRun", "lease", "signal"]);
  const { keepLast, maxAge, strategy = "keep_latest", dryRun = false, lease } = policy;
  flag("dryRun", dryRun);
  oneOf("strategy", strategy, "keep_latest", "delete");
  if (strategy === "keep_latest") return { rule: resolveRule(keepLast, maxAge), dryRun, lease: resolveLease(lease) };
  if (keepLast !== undefined || maxAge !== undefined) {
    throw new InvalidOptionsError('strategy "delete" deletes the whole thread: leave out keepLast and maxAge.');
  }
  return { rule: "delete", dryRun, lease: resolveLease(lease) };
}

/** @throws InvalidOptionsError */
export function resolveRule(keepLast: unknown = 1, maxAge: unknown = 0): RetentionRule {
  return { keepLast: integer("keepLast", keepLast, 1), maxAgeMs: duration("maxAge", maxAge) };
}

/** The sum of several reports. */
export function addReports(a: PruneReport, b: PruneReport): PruneReport {
  return {
    threads: a.threads + b.threads,
    deleted: a.deleted + b.deleted,
    checkpoints: a.checkpoints + b.checkpoints,
    hidden: a.hidden + b.hidden,
    bytes: a.bytes + b.bytes,
    busy: [...a.busy, ...b.busy],
  };
}

export const NOTHING_PRUNED: PruneReport = { threads: 0, deleted: 0, checkpoints: 0, hidden: 0, bytes: 0, busy: [] };

/** @throws ThreadNotFoundError for the first id that has no thread. */
export async function requireThreads(store: CheckpointStore, threadIds: readonly string[]): Promise<void> {
  for (const threadId of threadIds) if ((await store.threadKey(threadId)) === undefined) throw new ThreadNotFoundError(threadId);
}

/**
 * Applies a policy to threads, one after the other. Skips a thread that is deleted meanwhile.
 *
 * @throws LeaseLostError, and what the store throws.
 */
export async function pruneThreads(
  store: CheckpointStore,
  threadIds: Iterable<string> | AsyncIterable<string>,
  { rule, dryRun, lease }: ResolvedPrunePolicy,
): Promise<PruneReport> {
  let report = NOTHING_PRUNED;
  for await (const threadId of threadIds) {
    const target = { threadId, token: lease?.threadId === threadId ? lease.token : undefined };
    const one = rule === "delete" ? await deleteWhole(store, target, dryRun) : await pruneThread(store, target, rule, dryRun);
    report = addReports(report, one);
  }
  return report;
}

function deleteWhole(store: CheckpointStore, { threadId, token }: PruneTarget, dryRun: boolean): Promise<PruneReport> {
  return removeWhole(store, threadId, dryRun, async () => {
    const refusal = await store.deleteThread(threadId, token);
    if (refusal?.kind === "busy") return { ...NOTHING_PRUNED, busy: [threadId] };
    if (refusal?.kind === "lease-lost") throw refusalError(refusal, threadId);
    return refusal && NOTHING_PRUNED;
  });
}

/**
 * Deletes a thread, and reports it with the size that it had before.
 *
 * @param remove deletes it; returns another report if it did not.
 */
export async function removeWhole(
  store: ThreadStore,
  threadId: string,
  dryRun: boolean,
  remove: () => Promise<PruneReport | undefined>,
): Promise<PruneReport> {
  const stored = await store.threadStats(threadId);
  if (stored === undefined) return NOTHING_PRUNED;
  const gone = { ...NOTHING_PRUNED, threads: 1, deleted: 1, checkpoints: stored.checkpoints };
  return dryRun ? gone : ((await remove()) ?? { ...gone, bytes: stored.bytes });
}

/** A thread, and the token of its lease. */
export interface PruneTarget {
  readonly threadId: string;
  readonly token: string | undefined;
}

/**
 * Removes what a policy does not keep from a thread (contract C-52, C-53). Does nothing for a thread that does not exist.
 *
 * @throws LeaseLostError, and what the store throws.
 */
export function pruneThread(store: ThreadStore, target: PruneTarget, rule: RetentionRule, dryRun: boolean): Promise<PruneReport> {
  return pruneBy(store, target, dryRun, NO_WRITES, (summaries) => planRetention(summaries.checkpoints, rule));
}

/**
 * Removes runs from a thread (contract C-55). Does nothing for a thread that does not exist.
 *
 * @throws LeaseLostError, and what the store throws.
 */
export function removeRuns(
  store: ThreadStore,
  target: PruneTarget,
  runIds: ReadonlySet<string>,
  dryRun: boolean,
): Promise<PruneReport> {
  const writes = { ...NO_WRITES, writesOfRuns: [...runIds] };
  return pruneBy(store, target, dryRun, writes, (summaries) => planWithoutRuns(summaries.checkpoints, runIds));
}

/**
 * Takes out of a thread what was written under leases that have ended (contract C-99).
 *
 * @param counts the counted parts of their tokens.
 * @throws LeaseLostError, and what the store throws.
 */
export function removeLeases(store: ThreadStore, target: PruneTarget, counts: readonly string[]): Promise<PruneReport> {
  const writes = { ...NO_WRITES, writesOfLeases: counts };
  return pruneBy(store, target, false, writes, (summaries) => planWithoutLeases(summaries.checkpoints, counts));
}

type RemovedWrites = Pick<PruneInput, "writesOfRuns" | "writesOfLeases">;
const NO_WRITES: RemovedWrites = { writesOfRuns: [], writesOfLeases: [] };

async function pruneBy(
  store: ThreadStore,
  { threadId, token }: PruneTarget,
  dryRun: boolean,
  writes: RemovedWrites,
  planOf: (summaries: CheckpointSummaries) => RetentionPlan,
): Promise<PruneReport> {
  for (;;) {
    const summaries = await store.checkpointSummaries(threadId);
    if (summaries === undefined) return NOTHING_PRUNED;
    const { remove, hide } = planOf(summaries);
    const count = { ...NOTHING_PRUNED, threads: 1, checkpoints: remove.length, hidden: hide.length };
    const isNothing = remove.length === 0 && hide.length === 0 && writes === NO_WRITES;
    if (isNothing && (dryRun || !(await summaries.isUnfreed()))) return NOTHING_PRUNED;
    if (dryRun) return count;
    const outcome = await store.prune({ threadId, summaries, token, remove, hide, ...writes });
    if (outcome.kind === "pruned") return { ...(isNothing ? NOTHING_PRUNED : count), bytes: outcome.bytes };
    if (outcome.kind === "busy") return { ...NOTHING_PRUNED, busy: [threadId] };
    if (outcome.kind === "lease-lost") throw refusalError(outcome, threadId);
    // The thread was written to, or deleted and started again, meanwhile: plan again.
  }
}

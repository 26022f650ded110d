import { InvalidOptionsError, ThreadNotFoundError } from "../errors.js";
import type { ThreadLease } from "../leases/lease.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { refusalError } from "../store/refusal.js";
import type { CheckpointSummaries, ThreadStore } from "../store/thread-store.js";
import { planRetention, planWithoutRuns, type RetentionPlan, type RetentionRule } from "./plan.js";

/** What `prune` leaves of a thread. */
export interface PrunePolicy {
  /** Of each graph of the thread, so many of the newest checkpoints stay: an integer of at least 1. Default 1. */
  readonly keepLast?: number;
  /** Checkpoints beyond them stay until they are as old, in milliseconds. Default: they go at once. */
  readonly maxAge?: number;
  /** `"keep_latest"`: what the other options say. `"delete"`: the whole thread goes. Named as in LangGraph for Python. Default `"keep_latest"`. */
  readonly strategy?: "keep_latest" | "delete";
  /** Only say what would go. Default `false`. */
  readonly dryRun?: boolean;
  /** The lease under which the caller has one of the threads. */
  readonly lease?: ThreadLease;
  /** Ends it, with the signal's reason. Threads that were pruned before stay so. */
  readonly signal?: AbortSignal;
}

/** What became of the threads. */
export interface PruneReport {
  /** Threads of which something was removed. */
  readonly threads: number;
  /** Threads that were deleted as a whole. */
  readonly deleted: number;
  /** Checkpoints that were removed, those of deleted threads included. */
  readonly checkpoints: number;
  /** Checkpoints that are no longer shown, and stay because others are rebuilt from them. */
  readonly hidden: number;
  /** Bytes of the rows that were removed. With `dryRun`, 0: only removing tells which values nobody refers to any more. */
  readonly bytes: number;
  /** Threads that somebody had the lease of; nothing was done to them. */
  readonly busy: readonly string[];
}

/** {@link PrunePolicy}, checked. */
export interface ResolvedPrunePolicy {
  readonly rule: RetentionRule | "delete";
  readonly dryRun: boolean;
  readonly lease: ThreadLease | undefined;
}

/** Beyond a hundred years, an age is a mistake of units. */
const MAX_AGE_MS = 100 * 366 * 24 * 60 * 60 * 1_000;

/**
 * @throws InvalidOptionsError
 */
export function resolvePrunePolicy(policy: PrunePolicy = {}): ResolvedPrunePolicy {
  const { keepLast, maxAge, strategy = "keep_latest", lease } = policy;
  refuseUnknown("prune", policy, ["keepLast", "maxAge", "strategy", "dryRun", "lease", "signal"]);
  const dryRun = resolveDryRun(policy.dryRun);
  if (strategy !== "keep_latest" && strategy !== "delete") {
    throw new InvalidOptionsError(`strategy is ${String(strategy)}. It must be "keep_latest" or "delete".`);
  }
  if (strategy === "keep_latest") return { rule: resolveRule(keepLast, maxAge), dryRun, lease };
  if (keepLast !== undefined || maxAge !== undefined) {
    throw new InvalidOptionsError('strategy "delete" takes the whole thread: it goes without keepLast and maxAge.');
  }
  return { rule: "delete", dryRun, lease };
}

/**
 * @throws InvalidOptionsError
 */
export function resolveRule(keepLast: unknown = 1, maxAge: unknown = 0): RetentionRule {
  if (typeof keepLast !== "number" || !Number.isSafeInteger(keepLast) || keepLast < 1) {
    throw new InvalidOptionsError(`keepLast is ${String(keepLast)}. It must be an integer of at least 1.`);
  }
  return { keepLast, maxAgeMs: age("maxAge", maxAge) };
}

/**
 * @throws InvalidOptionsError
 */
export function resolveDryRun(given: unknown = false): boolean {
  if (typeof given === "boolean") return given;
  throw new InvalidOptionsError("dryRun must be true or false.");
}

/**
 * A duration in milliseconds.
 *
 * @throws InvalidOptionsError
 */
export function age(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= MAX_AGE_MS) return value;
  throw new InvalidOptionsError(`${name} is ${String(value)}. It must be a number of milliseconds from 0 to ${MAX_AGE_MS}.`);
}

/**
 * @throws InvalidOptionsError for an option that there is not, which is a typing error: an option that is not seen may keep too little.
 */
export function refuseUnknown(what: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InvalidOptionsError(`${what} has no option ${unknown}. Its options are ${known.join(", ")}.`);
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

/**
 * @throws ThreadNotFoundError for the first of the ids under which there is no thread.
 */
export async function requireThreads(store: CheckpointStore, threadIds: readonly string[]): Promise<void> {
  for (const threadId of threadIds) if ((await store.threadKey(threadId)) === undefined) throw new ThreadNotFoundError(threadId);
}

/**
 * Applies a policy to threads, one after the other. A thread that somebody deletes meanwhile is passed over.
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
 * Has a thread deleted, and counts it. How much that is is asked beforehand.
 *
 * @param remove `undefined`: it is deleted; else what is to be reported in place of that.
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

/** One thread, and under which lease. */
export interface PruneTarget {
  readonly threadId: string;
  readonly token: string | undefined;
}

/**
 * Removes of a thread what a policy does not keep (contract C-52, C-53). A thread that is not there has nothing to remove.
 *
 * @throws LeaseLostError, and what the store throws.
 */
export function pruneThread(store: ThreadStore, target: PruneTarget, rule: RetentionRule, dryRun: boolean): Promise<PruneReport> {
  return pruneBy(store, target, dryRun, [], (summaries) => planRetention(summaries.checkpoints, rule));
}

/**
 * Takes runs out of a thread (contract C-55). A thread that is not there has none.
 *
 * @throws LeaseLostError, and what the store throws.
 */
export function removeRuns(
  store: ThreadStore,
  target: PruneTarget,
  runIds: ReadonlySet<string>,
  dryRun: boolean,
): Promise<PruneReport> {
  return pruneBy(store, target, dryRun, [...runIds], (summaries) => planWithoutRuns(summaries.checkpoints, runIds));
}

async function pruneBy(
  store: ThreadStore,
  { threadId, token }: PruneTarget,
  dryRun: boolean,
  writesOfRuns: readonly string[],
  planOf: (summaries: CheckpointSummaries) => RetentionPlan,
): Promise<PruneReport> {
  for (;;) {
    const summaries = await store.checkpointSummaries(threadId);
    if (summaries === undefined) return NOTHING_PRUNED;
    const { remove, hide } = planOf(summaries);
    const count = { ...NOTHING_PRUNED, threads: 1, checkpoints: remove.length, hidden: hide.length };
    const isNothing = remove.length === 0 && hide.length === 0 && writesOfRuns.length === 0;
    if (isNothing && (dryRun || !(await summaries.isUnfreed()))) return NOTHING_PRUNED;
    if (dryRun) return count;
    const outcome = await store.prune({ threadId, summaries, token, remove, hide, writesOfRuns });
    if (outcome.kind === "pruned") return { ...(isNothing ? NOTHING_PRUNED : count), bytes: outcome.bytes };
    if (outcome.kind === "busy") return { ...NOTHING_PRUNED, busy: [threadId] };
    if (outcome.kind === "lease-lost") throw refusalError(outcome, threadId);
    // The thread was written to, or deleted and begun anew, meanwhile.
  }
}

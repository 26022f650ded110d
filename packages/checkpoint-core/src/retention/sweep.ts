import { abortSignal, callback, duration, flag, integer, type OnError, refuseUnknown } from "../config/options.js";
import { DeserializationError, InvalidOptionsError, StoreFailureError } from "../errors.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import type { SweepCandidate, SweepClaim, ThreadStore } from "../store/thread-store.js";
import type { RetentionRule } from "./plan.js";
import { addReports, NOTHING_PRUNED, type PruneReport, pruneThread, removeWhole, resolveRule } from "./prune.js";

/** What `sweep` keeps. */
export interface RetentionOptions {
  /** A thread that was not written to for this many milliseconds is deleted, whether or not it waits for a human. Default: never. */
  readonly idleFor?: number;
  /** How many of the newest checkpoints of each graph of a thread stay. Default: all. */
  readonly keepLast?: number;
  /** Checkpoints beyond them stay until this age, in milliseconds. Default: they go at once. Only with `keepLast`. */
  readonly maxAge?: number;
}

/** {@link RetentionOptions}, checked. */
export interface Retention {
  readonly idleMs: number | undefined;
  readonly rule: RetentionRule | undefined;
}

/** @throws InvalidOptionsError */
export function resolveRetention(options: RetentionOptions | undefined): Retention | undefined {
  if (options === undefined) return undefined;
  refuseUnknown("retention", options, ["idleFor", "keepLast", "maxAge"]);
  const { idleFor, keepLast, maxAge } = options;
  if (idleFor === undefined && keepLast === undefined) {
    throw new InvalidOptionsError("retention needs idleFor (milliseconds), keepLast, or both.");
  }
  if (maxAge !== undefined && keepLast === undefined) throw new InvalidOptionsError("retention.maxAge needs keepLast.");
  if (idleFor !== undefined && idleFor < MIN_IDLE_MS) {
    throw new InvalidOptionsError(
      `retention.idleFor is ${idleFor}. It must be at least ${MIN_IDLE_MS} milliseconds, because the time of the last write is exact to the minute.`,
    );
  }
  return Object.freeze({
    idleMs: idleFor === undefined ? undefined : duration("retention.idleFor", idleFor),
    rule: keepLast === undefined ? undefined : resolveRule(keepLast, maxAge),
  });
}

const MIN_IDLE_MS = 2 * 60_000;

/** How to sweep. */
export interface SweepOptions {
  /** Ends the sweep between two threads. The next sweep continues there. */
  readonly signal?: AbortSignal;
  /** Threads in a page: an integer from 1 to 10,000. Default 100. */
  readonly batch?: number;
  /** Only report what would be removed. Default `false`. */
  readonly dryRun?: boolean;
  /** Called after each page. */
  readonly onProgress?: (report: SweepReport) => void;
  /** Called for each thread that cannot be swept because it is damaged; the thread stays unchanged. Without it, the sweep ends with the error. */
  readonly onError?: OnError;
}

/** What a sweep did. */
export interface SweepReport extends PruneReport {
  /** Threads that it looked at. */
  readonly seen: number;
  /** `"done"`: it reached the last thread. `"aborted"`: the signal ended it. `"busy"`: another process is sweeping, and nothing was done. */
  readonly end: "done" | "aborted" | "busy";
}

/** How long a crashed sweeper keeps others away. Renewed with each page. */
const CLAIM_MS = 60_000;

/**
 * Applies a retention policy to all threads, one by one. One sweeper works at a time, across processes (contract C-56).
 *
 * @throws InvalidOptionsError, and what the store throws.
 */
export async function sweep(
  store: CheckpointStore,
  retention: Retention | undefined,
  options: SweepOptions = {},
): Promise<SweepReport> {
  refuseUnknown("sweep", options, ["signal", "batch", "dryRun", "onProgress", "onError"]);
  const { batch = 100, dryRun = false } = options;
  integer("batch", batch, 1, 10_000);
  flag("dryRun", dryRun);
  const signal = abortSignal(options.signal);
  const onProgress = callback("onProgress", options.onProgress);
  const onError = callback("onError", options.onError);
  if (retention === undefined)
    throw new InvalidOptionsError("sweep needs a saver with the option retention: { idleFor, keepLast }.");
  await store.ready("sweep");
  const claim = await store.claimSweep(undefined, CLAIM_MS);
  let report: SweepReport = { ...NOTHING_PRUNED, seen: 0, end: "busy" };
  if (claim === undefined) return report;
  // A dry run looks at everything; others continue where the last one ended.
  let cursor = dryRun ? "" : claim.cursor;
  let end: SweepReport["end"] = "done";
  let held: SweepClaim | undefined = claim;
  try {
    do {
      const page = await store.sweepPage(cursor, batch);
      for (const thread of page.threads) {
        if (signal?.aborted === true) {
          end = "aborted";
          break;
        }
        report = {
          ...addReports(report, await sweepUnlessDamaged(store, retention, thread, dryRun, onError)),
          seen: report.seen + 1,
          end,
        };
      }
      if (end === "aborted") break;
      cursor = page.cursor;
      onProgress?.({ ...report, end });
      held = await store.claimSweep(claim.token, CLAIM_MS);
      // This process stalled for longer than its claim lasts, and another sweeper continues.
      if (held === undefined) return { ...report, end: "aborted" };
    } while (cursor !== "");
  } finally {
    if (held !== undefined) await store.releaseSweep(claim.token, dryRun ? claim.cursor : cursor);
  }
  return { ...report, end };
}

async function sweepUnlessDamaged(
  store: ThreadStore,
  retention: Retention,
  thread: SweepCandidate,
  dryRun: boolean,
  onError: OnError | undefined,
): Promise<PruneReport> {
  try {
    return await sweepThread(store, retention, thread, dryRun);
  } catch (error) {
    const isOfThread = error instanceof DeserializationError || error instanceof StoreFailureError;
    if (onError === undefined || !isOfThread) throw error;
    onError(error, thread.threadId);
    return NOTHING_PRUNED;
  }
}

async function sweepThread(
  store: ThreadStore,
  { idleMs, rule }: Retention,
  { threadId, idleMs: idle, seen, isDirty }: SweepCandidate,
  dryRun: boolean,
): Promise<PruneReport> {
  if (idleMs !== undefined && idle >= idleMs) {
    return await removeWhole(store, threadId, dryRun, async () => {
      const deletion = await store.deleteIdleThread(threadId, idleMs);
      if (deletion === "busy") return { ...NOTHING_PRUNED, busy: [threadId] };
      return deletion === "deleted" ? undefined : NOTHING_PRUNED;
    });
  }
  if (rule === undefined || (!isDirty && rule.maxAgeMs === 0)) return NOTHING_PRUNED;
  const report = await pruneThread(store, { threadId, token: undefined }, rule, dryRun);
  if (!dryRun && report.busy.length === 0) await store.markSwept(threadId, seen);
  return report;
}

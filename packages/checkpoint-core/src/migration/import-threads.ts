import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { storedThreadId } from "../config/ids.js";
import { abortSignal, callback, integer, type OnError, refuseNoObject, refuseUnknown } from "../config/options.js";
import type { Labels } from "../config/run-config.js";
import { type HoldfastErrorCode, InvalidOptionsError, isHoldfastError, ThreadDeletedError } from "../errors.js";
import { isSaver } from "./fallback-saver.js";
import { importThread, NOTHING_IMPORTED, type ThreadImport } from "./import-thread.js";
import { ON_DEMAND_MIGRATION, type OnDemandMigration } from "./on-demand-migration.js";
import { checkThreads, threadIdsIn } from "./thread-listing.js";

/** What to copy from one saver to another, and how. */
export interface ImportOptions {
  /** Which threads. Default: all that the source lists, which costs one more read of each. */
  readonly threads?: Iterable<string> | AsyncIterable<string>;
  /**
   * How many checkpoints to request at once from the official Postgres and SQLite savers, which hold them all in memory with all values. Other savers are read
   * as a stream. Default 16.
   */
  readonly batch?: number;
  /**
   * Labels that each thread gets, besides those that it has in a saver of ours. The target must be one of ours, and take them. Default: none.
   */
  readonly labels?: Labels | ((threadId: string) => Labels);
  /** Called after each checkpoint. An error that it throws ends the import. */
  readonly onProgress?: (progress: ImportProgress) => void;
  /**
   * Called for each thread that cannot be copied, with the reason: one side cannot read it, or the target reads it differently. The import then continues with
   * the next thread. Without it, the import ends with the error, as it always does when a store cannot be reached.
   */
  readonly onError?: OnError;
  /** Ends the import before the next checkpoint. The next import continues there. */
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  /** The thread in progress. */
  readonly threadId: string;
  /** Its checkpoints that were copied or found so far. */
  readonly checkpoints: number;
  /** Threads before this one. */
  readonly threadsDone: number;
  /** Known if `threads` is an array or a set. */
  readonly threadsTotal: number | undefined;
}

export interface ImportReport {
  /** Threads that are now equal in source and target. */
  readonly threads: number;
  /** Checkpoints that were copied. */
  readonly checkpoints: number;
  /** Pending writes that were copied. */
  readonly writes: number;
  /** Checkpoints that the target already had, and equal. */
  readonly skipped: number;
  /** Ids of threads that moved on in the target, or were deleted on either side meanwhile. They were left alone. */
  readonly leftAlone: readonly string[];
}

const DEFAULT_BATCH = 16;
const MOST_BATCH = 10_000;

/**
 * Copies whole threads from any saver to one of ours, or back, with checkpoints, pending writes and order, and compares each checkpoint with what the target
 * then reads. After a crash, run it again: it compares what the target already has, and continues from there.
 *
 * docs/operate/migration.md lists what other targets cannot keep.
 *
 * @throws InvalidOptionsError, InvalidThreadIdError before any I/O; ImportMismatchError if the target reads a checkpoint differently; SerializationError and
 *   others of the target; what the source throws; the reason of `signal`.
 */
export async function importThreads(
  source: BaseCheckpointSaver,
  target: BaseCheckpointSaver,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const { threads, batch, labels, onProgress, onError, signal } = resolve(source, target, options);
  signal?.throwIfAborted();
  const report = { threads: 0, checkpoints: 0, writes: 0, skipped: 0, leftAlone: [] as string[] };
  const threadsTotal = sizeOf(threads);
  const { [ON_DEMAND_MIGRATION]: migration } = target as { readonly [ON_DEMAND_MIGRATION]?: OnDemandMigration };
  let threadsDone = 0;
  for await (const given of threads ?? threadIdsIn(source, batch, onError !== undefined)) {
    signal?.throwIfAborted();
    const threadId = storedThreadId(given);
    let isOfCaller = false;
    const onCheckpoint = ({ checkpoints, skipped }: ThreadImport): void => {
      isOfCaller = true;
      onProgress?.({ threadId, checkpoints: checkpoints + skipped, threadsDone, threadsTotal });
      isOfCaller = false;
    };
    const how = { batch, signal, onCheckpoint };
    const copying =
      migration === undefined
        ? importThread(source, target, threadId, { ...how, forWriting: (config) => config })
        : migration.importFrom(source, threadId, how);
    const copied = await copying.catch((error: unknown) => {
      if (error instanceof ThreadDeletedError) return { ...NOTHING_IMPORTED, isLeftAlone: true };
      if (onError === undefined || isOfCaller || signal?.aborted === true || isOfStore(error)) throw error;
      onError(error, threadId);
      return undefined;
    });
    threadsDone += 1;
    if (copied === undefined) continue;
    if (!copied.isLeftAlone && labels !== undefined) {
      await (target as LabellingSaver).setLabels(threadId, typeof labels === "function" ? labels(threadId) : labels);
    }
    if (copied.isLeftAlone) report.leftAlone.push(threadId);
    else report.threads += 1;
    report.checkpoints += copied.checkpoints;
    report.writes += copied.writes;
    report.skipped += copied.skipped;
  }
  return report;
}

/** Whether the next thread would fail in the same way. */
function isOfStore(error: unknown): boolean {
  return isHoldfastError(error) && STORE_CODES.has(error.code);
}

const STORE_CODES: ReadonlySet<HoldfastErrorCode> = new Set([
  "HOLDFAST_STORE_UNAVAILABLE",
  "HOLDFAST_SETUP_REQUIRED",
  "HOLDFAST_SCHEMA_TOO_NEW",
  "HOLDFAST_SAVER_CLOSED",
]);

type Resolved = ImportOptions & { readonly batch: number };

interface LabellingSaver extends BaseCheckpointSaver {
  setLabels(threadId: string, labels: Labels): Promise<void>;
}

const KNOWN = [
  "threads",
  "batch",
  "labels",
  "onProgress",
  "onError",
  "signal",
] as const satisfies readonly (keyof ImportOptions)[];

function resolve(source: unknown, target: unknown, options: ImportOptions): Resolved {
  if (!isSaver(source) || !isSaver(target)) {
    throw new InvalidOptionsError("importThreads needs two savers: importThreads(from, to).");
  }
  if (source === target) throw new InvalidOptionsError("importThreads needs two different savers.");
  refuseUnknown("importThreads", options, KNOWN);
  const { threads, batch = DEFAULT_BATCH } = options;
  integer("batch", batch, 1, MOST_BATCH);
  checkThreads(threads);
  if (options.labels !== undefined && !("setLabels" in target)) {
    throw new InvalidOptionsError("labels can only be given to threads of a Holdfast saver.");
  }
  if (typeof options.labels !== "function" && options.labels !== undefined)
    refuseNoObject("importThreads' labels", options.labels);
  callback("onProgress", options.onProgress);
  callback("onError", options.onError);
  abortSignal(options.signal);
  if (Array.isArray(threads) || threads instanceof Set) for (const threadId of threads) storedThreadId(threadId);
  return { ...options, batch };
}

function sizeOf(threads: ImportOptions["threads"]): number | undefined {
  if (Array.isArray(threads)) return threads.length;
  return threads instanceof Set ? threads.size : undefined;
}

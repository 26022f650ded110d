import { type ThreadIdParts, threadIdArgument } from "../config/ids.js";
import { duration, flag, refuseUnknown } from "../config/options.js";
import { resolveLabels } from "../config/run-config.js";
import { InvalidOptionsError } from "../errors.js";
import {
  addReports,
  NOTHING_PRUNED,
  type PrunePolicy,
  type PruneReport,
  pruneThreads,
  removeRuns,
  requireThreads,
  resolvePrunePolicy,
} from "../retention/prune.js";
import type { ThreadSelection } from "../store/thread-store.js";
import type { SaverContext } from "./context.js";
import { resolveWhich, type WhichThreads } from "./list-threads.js";

/** Threads that nobody has written to for some time. */
export interface IdleThreads extends WhichThreads {
  /** Milliseconds since the last write, by the clock of the store, exact to the minute. */
  readonly olderThan: number;
}

/** Removes checkpoints that nothing needs any more (contract C-52, C-53). */
export async function prune(
  { store, labels }: Pick<SaverContext, "store" | "labels">,
  threads: readonly string[] | IdleThreads,
  policy: PrunePolicy | undefined,
): Promise<PruneReport> {
  const resolved = resolvePrunePolicy(policy);
  if (Array.isArray(threads)) {
    const ids = (threads as readonly unknown[]).map((id) => threadIdArgument(id, "prune"));
    await store.ready("prune");
    await requireThreads(store, ids);
    return pruneThreads(store, ids, resolved);
  }
  const which: Partial<IdleThreads> = ((threads as unknown) ?? {}) as IdleThreads;
  refuseUnknown("prune", which, ["olderThan", "prefix", "within", "labels"]);
  if (which.olderThan === undefined) throw new InvalidOptionsError("prune needs thread ids, or { olderThan: milliseconds }.");
  const selection: ThreadSelection = {
    ...resolveWhich(which, labels),
    idleMs: duration("olderThan", which.olderThan),
    updatedAfter: undefined,
    before: undefined,
  };
  await store.ready("prune");
  const idle = async function* (): AsyncGenerator<string> {
    for await (const { threadId } of store.listThreads(selection, Number.POSITIVE_INFINITY)) yield threadId;
  };
  return pruneThreads(store, idle(), resolved);
}

/** From which threads to take runs out, and how. */
export interface DeleteForRunsOptions {
  /** Only from these threads. Ids of runs may have been chosen by somebody else, for a thread of another user. Default: from all. */
  readonly threads?: readonly string[];
  /** Only from threads whose id `threadId` built from these parts, as in `listThreads`. */
  readonly within?: ThreadIdParts;
  /** Only say what would go. Default `false`. */
  readonly dryRun?: boolean;
  /** Ends it, with the signal's reason. Runs that were removed before stay removed. */
  readonly signal?: AbortSignal;
}

/** Removes runs from their threads (contract C-55). */
export async function deleteForRuns(
  { store, labels }: Pick<SaverContext, "store" | "labels">,
  runIds: readonly string[],
  options: DeleteForRunsOptions,
): Promise<PruneReport> {
  if (!Array.isArray(runIds)) throw new InvalidOptionsError("deleteForRuns needs an array of run ids.");
  for (const id of runIds) resolveLabels({ run_id: id }, labels);
  refuseUnknown("deleteForRuns", options, ["threads", "within", "dryRun", "signal"]);
  const dryRun = flag("dryRun", options.dryRun ?? false);
  const among = {
    threads: resolveIds(options.threads),
    within: resolveWhich(options.within === undefined ? {} : { within: options.within }, labels).within,
  };
  await store.ready("deleteForRuns");
  let report = NOTHING_PRUNED;
  for await (const threadId of store.threadsOfRuns(runIds, among)) {
    const target = { threadId, token: undefined };
    report = addReports(report, await removeRuns(store, target, new Set(runIds), dryRun));
  }
  return report;
}

function resolveIds(threads: unknown): readonly string[] | undefined {
  if (threads === undefined) return undefined;
  if (!Array.isArray(threads)) throw new InvalidOptionsError("threads must be a list of thread ids.");
  return [...new Set((threads as readonly unknown[]).map((id) => threadIdArgument(id, "deleteForRuns")))];
}

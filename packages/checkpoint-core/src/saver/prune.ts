import { threadIdArgument } from "../config/ids.js";
import { flag, refuseUnknown } from "../config/options.js";
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
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { type ListThreadsOptions, resolveListThreads } from "./list-threads.js";

/** Threads that nobody has written to for some time. */
export interface IdleThreads extends Pick<ListThreadsOptions, "prefix" | "labels"> {
  /** Milliseconds since the last write, by the clock of the store, exact to the minute. */
  readonly olderThan: number;
}

/** Removes checkpoints that nothing needs any more (contract C-52, C-53). */
export async function prune(
  store: CheckpointStore,
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
  const { olderThan, ...others } = ((threads as unknown) ?? {}) as Partial<IdleThreads>;
  if (olderThan === undefined) throw new InvalidOptionsError("prune needs thread ids, or { olderThan: milliseconds }.");
  const { selection, limit } = resolveListThreads({ ...others, idleFor: olderThan });
  await store.ready("prune");
  const idle = async function* (): AsyncGenerator<string> {
    for await (const { threadId } of store.listThreads(selection, limit)) yield threadId;
  };
  return pruneThreads(store, idle(), resolved);
}

/** How to remove runs from threads. */
export interface DeleteForRunsOptions {
  /** Only say what would go. Default `false`. */
  readonly dryRun?: boolean;
  /** Ends it, with the signal's reason. Runs that were removed before stay removed. */
  readonly signal?: AbortSignal;
}

/** Removes runs from their threads (contract C-55). */
export async function deleteForRuns(
  store: CheckpointStore,
  runIds: readonly string[],
  options: DeleteForRunsOptions,
): Promise<PruneReport> {
  if (!Array.isArray(runIds)) throw new InvalidOptionsError("deleteForRuns needs an array of run ids.");
  for (const id of runIds) resolveLabels({ run_id: id });
  refuseUnknown("deleteForRuns", options, ["dryRun", "signal"]);
  const dryRun = flag("dryRun", options.dryRun ?? false);
  await store.ready("deleteForRuns");
  let report = NOTHING_PRUNED;
  for await (const threadId of store.threadsOfRuns(runIds)) {
    const target = { threadId, token: undefined };
    report = addReports(report, await removeRuns(store, target, new Set(runIds), dryRun));
  }
  return report;
}

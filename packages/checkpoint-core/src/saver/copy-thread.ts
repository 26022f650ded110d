import { threadIdArgument } from "../config/ids.js";
import { ThreadExistsError, ThreadNotFoundError } from "../errors.js";
import { beingMigrated } from "../store/refusal.js";
import type { CopyOutcome } from "../store/thread-store.js";
import type { SaverContext } from "./context.js";

/** Copies a thread as it is at this moment (contract C-58). */
export async function copyThread(
  { store, threads }: SaverContext,
  sourceThreadId: string,
  targetThreadId: string,
): Promise<{ readonly checkpoints: number }> {
  const from = threadIdArgument(sourceThreadId, "copyThread");
  const to = threadIdArgument(targetThreadId, "copyThread");
  if (from === to) throw new ThreadExistsError(to);
  await store.ready("copyThread");
  const copy = (): Promise<CopyOutcome> => store.copyThread(from, to);
  const outcome = await threads.copy(from, to, copy);
  if (outcome.kind === "incomplete") throw beingMigrated(from);
  if (outcome.kind === "not-found") throw new ThreadNotFoundError(from);
  if (outcome.kind === "exists") throw new ThreadExistsError(to);
  return { checkpoints: outcome.checkpoints };
}

import { threadIdArgument } from "../config/ids.js";
import { resolveChangedLabels } from "../config/run-config.js";
import { ThreadNotFoundError } from "../errors.js";
import type { ChangedLabels } from "../store/thread-store.js";
import type { SaverContext } from "./context.js";

/** Changes the labels of a thread (contract C-39). */
export async function setLabels(saver: SaverContext, threadId: string, labels: ChangedLabels): Promise<void> {
  const id = threadIdArgument(threadId, "setLabels");
  const changed = resolveChangedLabels(labels, saver.labels);
  await saver.store.ready("setLabels");
  // A thread that is still in the saver before comes here first.
  const isThere = await saver.threads.write(id, undefined, () => saver.store.setLabels(id, changed));
  if (!isThere) throw new ThreadNotFoundError(id);
}

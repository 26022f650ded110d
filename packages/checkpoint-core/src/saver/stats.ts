import { threadIdArgument } from "../config/ids.js";
import { ThreadNotFoundError } from "../errors.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import type { StoredThread, StoreStats } from "../store/thread-store.js";

/** How much is stored, of one thread or in all (contract C-28). */
export async function stats(store: CheckpointStore, threadId: string | undefined): Promise<StoreStats | StoredThread> {
  const id = threadId === undefined ? undefined : threadIdArgument(threadId, "stats");
  await store.ready("stats");
  if (id === undefined) return store.stats();
  const stored = await store.threadStats(id);
  if (stored === undefined) throw new ThreadNotFoundError(id);
  return stored;
}

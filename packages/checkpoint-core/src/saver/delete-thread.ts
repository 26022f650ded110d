import { threadIdArgument } from "../config/ids.js";
import type { ThreadLease } from "../leases/lease.js";
import { refusalError } from "../store/refusal.js";
import type { SaverContext, StoreContext } from "./context.js";

/** Deletes a thread in one step (contract C-50, C-51). */
export async function deleteThread(saver: SaverContext, threadId: string, lease: ThreadLease | undefined): Promise<void> {
  const id = threadIdArgument(threadId, "deleteThread");
  await saver.store.ready("deleteThread");
  await saver.threads.delete(id, lease?.token, (token, others) => deleteStored(saver, id, token, others));
  saver.lives.forget(id);
}

/** Deletes a thread of the store under the lease with this token, and remembers these other checkpoint ids as if they had been in it. */
async function deleteStored(
  { store }: StoreContext,
  id: string,
  token: string | undefined,
  others: readonly string[] | undefined,
): Promise<void> {
  const refusal = await store.deleteThread(id, token, others);
  if (refusal !== undefined && refusal.kind !== "changed" && refusal.kind !== "lost") throw refusalError(refusal, id);
}

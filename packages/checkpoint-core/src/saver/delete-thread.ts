import { threadIdArgument } from "../config/ids.js";
import { refuseUnknown } from "../config/options.js";
import { resolveLease } from "../leases/given-lease.js";
import type { ThreadLease } from "../leases/lease.js";
import { refusalError } from "../store/refusal.js";
import type { SaverContext, StoreContext } from "./context.js";

/** How to delete a thread. */
export interface DeleteThreadOptions {
  /** The lease under which the caller has the thread, if it has one. It ends with the thread. */
  readonly lease?: ThreadLease;
  /** Ends the operation, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Deletes a thread in one step (contract C-50, C-51). */
export async function deleteThread(saver: SaverContext, threadId: string, options: DeleteThreadOptions): Promise<void> {
  const id = threadIdArgument(threadId, "deleteThread");
  refuseUnknown("deleteThread", options, ["lease", "signal"]);
  const lease = resolveLease(options.lease);
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

import { ConcurrentUpdateError, type HoldfastError, LeaseLostError, ThreadBusyError, ThreadDeletedError } from "../errors.js";

/** Nothing was written. */
export type Refusal =
  /** The guard did not hold. */
  | { readonly kind: "changed" }
  /** It refers to segments that were acknowledged and are not there any more: the store has lost them, by a failover or a crash. */
  | { readonly kind: "lost" }
  /** Somebody has the lease, and the write came without its token. */
  | { readonly kind: "busy"; readonly owner: string | undefined; readonly remainingMs: number }
  /** The write came with a token whose lease has ended. */
  | { readonly kind: "lease-lost" }
  /** The head of the namespace is another one than expected. */
  | { readonly kind: "moved" }
  /** A checkpoint that the write belongs to was deleted with its thread. */
  | { readonly kind: "deleted" };

/** The error of a write that was refused for good. */
export function refusalError(refusal: Exclude<Refusal, { readonly kind: "changed" | "lost" }>, threadId: string): HoldfastError {
  switch (refusal.kind) {
    case "busy":
      return new ThreadBusyError(threadId, refusal.owner, refusal.remainingMs);
    case "lease-lost":
      return new LeaseLostError(threadId);
    case "moved":
      return new ConcurrentUpdateError(threadId);
    case "deleted":
      return new ThreadDeletedError(threadId);
  }
}

import {
  ConcurrentUpdateError,
  type HoldfastError,
  type LeaseEnd,
  LeaseLostError,
  ThreadBusyError,
  ThreadDeletedError,
} from "../errors.js";

/** The lease with this token has ended; `end` says who ended it, where somebody did. */
export interface LeaseLost {
  readonly kind: "lease-lost";
  readonly end?: LeaseEnd | undefined;
}

/** Nothing was written. */
export type Refusal =
  /** The guard did not hold. */
  | { readonly kind: "changed" }
  /** It refers to segments that were acknowledged and are not there any more: the store has lost them, by a failover or a crash. */
  | { readonly kind: "lost" }
  /** Somebody has the lease, and the write came without its token. */
  | { readonly kind: "busy"; readonly owner: string | undefined; readonly remainingMs: number }
  /** Only a part of the thread has come here from another saver. */
  | { readonly kind: "incomplete" }
  /** The write came with a token whose lease has ended. */
  | LeaseLost
  /** The head of the namespace is another one than expected. */
  | { readonly kind: "moved" }
  /** A checkpoint that the write belongs to was deleted with its thread. */
  | { readonly kind: "deleted" };

/** As migrations call themselves when they have a lease. It is short, so that others wait for it. */
export const MIGRATION_OWNER = "holdfast migration";

/** What a call gets that meets a thread of which only a part is here. */
export function beingMigrated(threadId: string): ThreadBusyError {
  return new ThreadBusyError(threadId, MIGRATION_OWNER, 0);
}

/** The error of a write that was refused for good. */
export function refusalError(refusal: Exclude<Refusal, { readonly kind: "changed" | "lost" }>, threadId: string): HoldfastError {
  switch (refusal.kind) {
    case "busy":
      return new ThreadBusyError(threadId, refusal.owner, refusal.remainingMs);
    case "incomplete":
      return beingMigrated(threadId);
    case "lease-lost":
      return new LeaseLostError(threadId, refusal.end);
    case "moved":
      return new ConcurrentUpdateError(threadId);
    case "deleted":
      return new ThreadDeletedError(threadId);
  }
}

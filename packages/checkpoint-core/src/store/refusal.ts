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

/** Why nothing was written. */
export type Refusal =
  /** The guard did not hold. */
  | { readonly kind: "changed" }
  /** The write refers to acknowledged segments that the store lost in a failover or a crash. */
  | { readonly kind: "lost" }
  /** Another holder has the lease: the write came without its token. */
  | { readonly kind: "busy"; readonly owner: string | undefined; readonly remainingMs: number }
  /** The thread is being migrated from another saver, and only part of it is here. */
  | { readonly kind: "incomplete" }
  /** The write came with a token whose lease has ended. */
  | LeaseLost
  /** The head of the namespace is another one than expected. */
  | { readonly kind: "moved" }
  /** A checkpoint that the write belongs to was deleted with its thread. */
  | { readonly kind: "deleted" };

/** The owner of the leases that migrations take. */
export const MIGRATION_OWNER = "holdfast migration";

/** The error of a call on a thread that is being migrated. */
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

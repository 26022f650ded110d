import type { Refusal } from "./checkpoint-store.js";
import { ConcurrentUpdateError, type HoldfastError, LeaseLostError, ThreadBusyError, ThreadDeletedError } from "./errors.js";

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

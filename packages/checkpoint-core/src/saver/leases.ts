import { threadIdArgument } from "../config/ids.js";
import { type LeaseOptions, resolveLeaseOptions, resolveReason, type ThreadLease } from "../leases/lease.js";
import type { LeaseHolder, Leases } from "../leases/leases.js";
import { removeLeases } from "../retention/prune.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import type { OperationOptions } from "../store/operation-signal.js";

/** Takes the lease of a thread (contract C-90). */
export async function acquireThread(
  store: CheckpointStore,
  leases: Leases,
  threadId: string,
  options: LeaseOptions | undefined,
): Promise<ThreadLease> {
  const id = threadIdArgument(threadId, "acquireThread");
  const resolved = resolveLeaseOptions(options, leases.maxTtlMs);
  await store.ready("acquireThread");
  const { lease, overtaken } = await leases.acquire(id, resolved);
  if (resolved.whenBusy !== "rollback" || overtaken === undefined) return lease;
  try {
    await removeLeases(store, { threadId: id, token: lease.token }, overtaken);
    return lease;
  } catch (error) {
    await lease.release().catch(() => undefined);
    throw error;
  }
}

/** Why a lease is revoked. */
export interface RevokeLeaseOptions extends OperationOptions {
  /** At most 1,024 characters, kept with the thread. */
  readonly reason: string;
}

/** Ends the lease of somebody else (contract C-98). */
export async function revokeLease(
  store: CheckpointStore,
  leases: Leases,
  threadId: string,
  options: RevokeLeaseOptions,
): Promise<LeaseHolder | undefined> {
  const id = threadIdArgument(threadId, "revokeLease");
  const reason = resolveReason(options);
  await store.ready("revokeLease");
  return leases.revoke(id, reason);
}

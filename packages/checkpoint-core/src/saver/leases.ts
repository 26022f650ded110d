import { threadIdArgument } from "../config/ids.js";
import { type LeaseOptions, resolveLeaseOptions, resolveReason, type ThreadLease } from "../leases/lease.js";
import type { GrantedLease, LeaseHolder, Leases, WaitingRun } from "../leases/leases.js";
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
  return (await acquireLease(store, leases, threadId, options)).lease;
}

/** The same, with what the store says of it. */
export async function acquireLease(
  store: CheckpointStore,
  leases: Leases,
  threadId: string,
  options: LeaseOptions | undefined,
  run?: WaitingRun,
): Promise<GrantedLease> {
  const id = threadIdArgument(threadId, "acquireThread");
  const resolved = resolveLeaseOptions(options, leases.maxTtlMs);
  await store.ready("acquireThread");
  const granted = await leases.acquire(id, resolved, run);
  const { lease, overtaken } = granted;
  if (resolved.whenBusy !== "rollback" || overtaken === undefined) return granted;
  try {
    await removeLeases(store, { threadId: id, token: lease.token }, overtaken);
    return granted;
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

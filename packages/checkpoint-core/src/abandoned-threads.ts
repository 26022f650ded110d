import { type CheckpointTuple, INTERRUPT, RESUME } from "@langchain/langgraph-checkpoint";
import type { CheckpointStore } from "./checkpoint-store.js";
import { InvalidOptionsError } from "./errors.js";
import {
  type LeaseOffice,
  type LeaseOptions,
  type ResolvedLeaseOptions,
  resolveLeaseOptions,
  type ThreadLease,
} from "./lease.js";

/** Which abandoned threads to list, and the lease under which each is handed out. */
export interface AbandonedThreadsOptions extends Pick<LeaseOptions, "ttlMs" | "owner"> {
  /** How long ago the lease must have ended, in milliseconds. Default 0. */
  readonly olderThanMs?: number;
  /** At most so many. Default: all. */
  readonly limit?: number;
}

/** A thread whose last holder did not release it, and the lease that the caller now has. */
export interface AbandonedThread {
  readonly threadId: string;
  /** Release it when you are done with the thread; it then counts as taken care of. */
  readonly lease: ThreadLease;
  /** Who had the lease that ended. */
  readonly owner: string | undefined;
  /** How many leases of the thread in a row have ended without a release: 1 after the first crash. */
  readonly tries: number;
  /** How long ago the lease ended, in milliseconds. */
  readonly endedMsAgo: number;
}

interface ResolvedOptions {
  readonly olderThanMs: number;
  readonly limit: number;
  readonly lease: ResolvedLeaseOptions;
}

/**
 * @throws InvalidOptionsError
 */
export function resolveAbandonedOptions({
  olderThanMs = 0,
  limit = Number.POSITIVE_INFINITY,
  ...lease
}: AbandonedThreadsOptions): ResolvedOptions {
  if (typeof olderThanMs !== "number" || !(olderThanMs >= 0) || !Number.isFinite(olderThanMs)) {
    throw new InvalidOptionsError(`olderThanMs is ${String(olderThanMs)}. It must be a number of at least 0.`);
  }
  if (limit !== Number.POSITIVE_INFINITY && (!Number.isInteger(limit) || limit < 1)) {
    throw new InvalidOptionsError(`limit is ${String(limit)}. It must be an integer of at least 1.`);
  }
  return { olderThanMs, limit, lease: resolveLeaseOptions(lease) };
}

const PAGE = 32;

/** Claims threads one by one, as the caller takes them: what it does not take stays for others. */
export async function* abandonedThreads(
  store: CheckpointStore,
  leases: LeaseOffice,
  latest: (threadId: string) => Promise<CheckpointTuple | undefined>,
  { olderThanMs, limit, lease: leaseOptions }: ResolvedOptions,
): AsyncGenerator<AbandonedThread> {
  const seen = new Set<string>();
  for (let left = limit; left > 0; ) {
    const ended = await store.endedLeases(olderThanMs, PAGE + seen.size);
    const fresh = ended.filter(({ threadId, token }) => !seen.has(`${token} ${threadId}`));
    if (fresh.length === 0) return;
    for (const { threadId, token, owner, endedMsAgo } of fresh) {
      seen.add(`${token} ${threadId}`);
      const claim = await leases.claim(threadId, token, leaseOptions);
      if (claim === undefined) continue;
      if (!hasUnfinishedWork(await latest(threadId))) {
        await claim.lease.release();
        continue;
      }
      yield { threadId, lease: claim.lease, tries: claim.tries, owner, endedMsAgo };
      left -= 1;
      if (left <= 0) return;
    }
  }
}

/**
 * Whether there is something to go on with: a checkpoint, and no question to a human that waits for its answer.
 *
 * Whether the graph has come to its end is the graph's to say; a run of it with nothing left to do does nothing.
 */
function hasUnfinishedWork(tuple: CheckpointTuple | undefined): boolean {
  if (tuple === undefined) return false;
  const writes = tuple.pendingWrites ?? [];
  const answered = new Set(writes.filter(([, channel]) => channel === RESUME).map(([task]) => task));
  return !writes.some(([task, channel]) => channel === INTERRUPT && !answered.has(task));
}

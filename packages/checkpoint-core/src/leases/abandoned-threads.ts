import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { InvalidOptionsError } from "../errors.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { type LeaseOptions, type ResolvedLeaseOptions, resolveLeaseOptions, type ThreadLease } from "./lease.js";
import type { Leases } from "./leases.js";
import { pendingQuestion } from "./pending-question.js";

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
  /** How many leases of the thread in a row have ended by themselves: 1 after the first crash. One that was handed over does not count. */
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
function resolveAbandonedOptions(options: AbandonedThreadsOptions = {}, maxTtlMs: number): ResolvedOptions {
  const { olderThanMs = 0, limit = Number.POSITIVE_INFINITY, ...lease } = options;
  if (typeof olderThanMs !== "number" || !(olderThanMs >= 0) || !Number.isFinite(olderThanMs)) {
    throw new InvalidOptionsError(`olderThanMs is ${String(olderThanMs)}. It must be a number of at least 0.`);
  }
  if (limit !== Number.POSITIVE_INFINITY && (!Number.isInteger(limit) || limit < 1)) {
    throw new InvalidOptionsError(`limit is ${String(limit)}. It must be an integer of at least 1.`);
  }
  return { olderThanMs, limit, lease: resolveLeaseOptions(lease, maxTtlMs) };
}

const PAGE = 32;

/** How the threads that are found are looked at. */
export interface ThreadView {
  /** The checkpoint of the root graph that was committed last. */
  latest(threadId: string): Promise<CheckpointTuple | undefined>;
  /** All checkpoints, newest committed first. */
  all(threadId: string): AsyncIterable<CheckpointTuple>;
}

/** Claims threads one by one, as the caller takes them: what it does not take stays for others. */
export async function* abandonedThreads(
  store: CheckpointStore,
  leases: Leases,
  view: ThreadView,
  options: AbandonedThreadsOptions | undefined,
): AsyncGenerator<AbandonedThread> {
  const { olderThanMs, limit, lease: leaseOptions } = resolveAbandonedOptions(options, leases.maxTtlMs);
  await store.ready("abandonedThreads");
  const seen = new Set<string>();
  for (let left = limit; left > 0; ) {
    const ended = await store.endedLeases(olderThanMs, PAGE + seen.size);
    const fresh = ended.filter(({ threadId, token }) => !seen.has(`${token} ${threadId}`));
    if (fresh.length === 0) return;
    for (const { threadId, token, owner, endedMsAgo } of fresh) {
      seen.add(`${token} ${threadId}`);
      const claim = await leases.claim(threadId, token, leaseOptions);
      if (claim === undefined) continue;
      if (!(await hasUnfinishedWork(view, threadId))) {
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
export async function hasUnfinishedWork(view: ThreadView, threadId: string): Promise<boolean> {
  const head = await view.latest(threadId);
  if (head === undefined) return false;
  const question = pendingQuestion(head);
  if (question !== "answered") return question === "none";
  // A subgraph that has taken the answer, and asks again, stores that in a namespace of its own.
  const seen = new Set<unknown>([""]);
  for await (const tuple of view.all(threadId)) {
    const namespace: unknown = tuple.config.configurable?.checkpoint_ns;
    if (seen.has(namespace) || tuple.metadata?.parents?.[""] !== head.checkpoint.id) continue;
    seen.add(namespace);
    if (pendingQuestion(tuple) === "open") return false;
  }
  return true;
}

import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { duration, integer, refuseUnknown } from "../config/options.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { underSignal } from "../store/operation-signal.js";
import { LEASE_OPTIONS, type LeaseOptions, resolveLeaseOptions, type ThreadLease } from "./lease.js";
import type { Leases } from "./leases.js";
import { pendingQuestion } from "./pending-question.js";

/** Which abandoned threads to list, and the lease that each comes with. */
export interface AbandonedThreadsOptions extends Pick<LeaseOptions, "ttlMs" | "owner"> {
  /** How long ago the lease must have ended, in milliseconds. Default 0. */
  readonly olderThanMs?: number;
  /** The most threads to list. Default: all. */
  readonly limit?: number;
  /** Ends the list, with the signal's reason, between two threads or while it waits for the store's answer. */
  readonly signal?: AbortSignal;
}

/** A thread whose last holder did not release its lease, and the lease that the caller now holds. */
export interface AbandonedThread {
  readonly threadId: string;
  /** Release it when you are done with the thread, which is then no longer abandoned. */
  readonly lease: ThreadLease;
  /** Who had the lease that ended. */
  readonly owner: string | undefined;
  /** How many of the thread's leases in a row expired: 1 after the first crash. A lease that was handed over does not count. */
  readonly tries: number;
  /** How long ago the lease ended, in milliseconds. */
  readonly endedMsAgo: number;
}

const PAGE = 32;

/** How to read the threads that are found. */
export interface ThreadView {
  /** The checkpoint of the root graph that was committed last. */
  latest(threadId: string): Promise<CheckpointTuple | undefined>;
  /** All checkpoints, newest committed first. */
  all(threadId: string): AsyncIterable<CheckpointTuple>;
}

/** Claims threads one by one as the caller takes them, and leaves the rest to others. */
export async function* abandonedThreads(
  store: CheckpointStore,
  leases: Leases,
  view: ThreadView,
  options: AbandonedThreadsOptions = {},
): AsyncGenerator<AbandonedThread> {
  refuseUnknown("abandonedThreads", options, [...LEASE_OPTIONS, "olderThanMs", "limit", "signal"]);
  const { olderThanMs = 0, limit = Number.POSITIVE_INFINITY, signal, ...lease } = options;
  duration("olderThanMs", olderThanMs);
  if (limit !== Number.POSITIVE_INFINITY) integer("limit", limit, 1);
  const leaseOptions = resolveLeaseOptions(lease, leases.maxTtlMs);
  await underSignal(signal, () => store.ready("abandonedThreads"));
  const seen = new Set<string>();
  for (let left = limit; left > 0; ) {
    const ended = await underSignal(signal, () => store.endedLeases(olderThanMs, PAGE + seen.size));
    const fresh = ended.filter(({ threadId, token }) => !seen.has(`${token} ${threadId}`));
    if (fresh.length === 0) return;
    for (const { threadId, token, owner, endedMsAgo } of fresh) {
      seen.add(`${token} ${threadId}`);
      signal?.throwIfAborted();
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
 * Whether a run may continue the thread: it has a checkpoint, and no human owes it an answer.
 *
 * Only the graph can tell whether it has ended; resuming a finished run does nothing.
 */
export async function hasUnfinishedWork(view: ThreadView, threadId: string): Promise<boolean> {
  const head = await view.latest(threadId);
  if (head === undefined) return false;
  const question = pendingQuestion(head);
  if (question !== "answered") return question === "none";
  // A subgraph that took the answer and asks again stores its question in its own namespace.
  const seen = new Set<unknown>([""]);
  for await (const tuple of view.all(threadId)) {
    const namespace: unknown = tuple.config.configurable?.checkpoint_ns;
    if (seen.has(namespace) || tuple.metadata?.parents?.[""] !== head.checkpoint.id) continue;
    seen.add(namespace);
    if (pendingQuestion(tuple) === "open") return false;
  }
  return true;
}

import type { RunId, RunProgress, StoredRun } from "../store/run-store.js";
import type { LeaseOptions, ThreadLease } from "./lease.js";

/** Where a saver keeps what `exclusive` needs for idempotent runs. A registered symbol: a dependency tree may have two copies of this package. */
export const RUNS: unique symbol = Symbol.for("holdfast.runs") as never;

/** A run that has an idempotency key. */
export interface IdempotentRun extends RunId {
  /** How long its outcome is kept, in milliseconds; `undefined`: as long as its thread. */
  readonly ttlMs: number | undefined;
  /** Of its call. */
  readonly signal: AbortSignal | undefined;
}

/** What a saver does for idempotent runs. */
export interface Runs {
  /**
   * What is known of a run; `undefined`: nothing.
   *
   * @throws IdempotencyKeyReusedError
   */
  find(threadId: string, run: IdempotentRun): Promise<StoredRun | undefined>;
  /**
   * The lease of the thread for a run.
   *
   * @param patienceMs how long it waits for the same run elsewhere, in milliseconds.
   */
  acquire(threadId: string, options: LeaseOptions, run: IdempotentRun, patienceMs: number): Promise<RunLease>;
  /** Notes that the run begins under a lease, or goes on. @throws IdempotencyKeyReusedError, LeaseLostError */
  begin(lease: ThreadLease, run: IdempotentRun, isAnew?: boolean): Promise<StoredRun>;
  /** Notes that another run goes on under a lease. @throws LeaseLostError */
  continue(lease: ThreadLease, key: string): Promise<StoredRun | undefined>;
  progress(threadId: string, run: StoredRun): Promise<RunProgress>;
}

/** A lease, and what the store says of the run that had the thread before. */
export interface RunLease {
  readonly lease: ThreadLease;
  /** How many leases in a row ended without a release. */
  readonly tries: number;
  /** The key of the run whose process has left the thread in the middle. */
  readonly unfinished: string | undefined;
}

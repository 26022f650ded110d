import type { LeaseLost } from "./refusal.js";

/**
 * The runs of a thread that have an idempotency key (contract C-100). The record of a run does not change while it writes: each checkpoint and each pending write
 * names the lease under which it was made, and the record names the leases of the run.
 */
export interface RunStore {
  /** @returns `undefined` where there is no record, or its time is up. */
  findRun(threadId: string, key: string): Promise<StoredRun | undefined>;
  /**
   * Notes, under the lease with this token, that a run begins or goes on. A record with another input, or with an outcome, stays as it is.
   *
   * @returns the record as it is then.
   */
  beginRun(threadId: string, token: string, run: RunBeginning): Promise<StoredRun | LeaseLost>;
  /**
   * Notes that a run goes on under another lease, and that the lease is that run's.
   *
   * @returns `undefined` where there is no record.
   */
  continueRun(threadId: string, token: string, key: string): Promise<StoredRun | LeaseLost | undefined>;
  /** What was written under these leases, of the root graph. */
  runProgress(threadId: string, leases: readonly string[]): Promise<RunProgress>;
}

/** A run, and the input that its key belongs to. */
export interface RunId {
  readonly key: string;
  /** A digest of the input, in hexadecimal digits. */
  readonly input: string;
}

export interface RunBeginning extends RunId {
  /** How long the record is kept, in milliseconds; `undefined`: as long as the thread. */
  readonly ttlMs: number | undefined;
  /** Whether the record begins anew, whatever it says. */
  readonly isAnew: boolean;
}

export interface StoredRun {
  readonly input: string;
  /** The counted parts of the tokens of its leases, the last one last. */
  readonly leases: readonly string[];
  readonly outcome: RunOutcome | undefined;
  /** Who has taken the thread from it, as they call themselves; `undefined` if nobody has. */
  readonly overtakenBy: string | undefined;
}

/** What a run came to. */
export interface RunOutcome {
  /** The checkpoint of the root graph that the run ended at. Retention keeps it as long as the record. */
  readonly checkpointId: string;
  /** What the checkpoint does not tell (`leases/run-outcome.ts`). */
  readonly details: string;
}

/** An outcome that a lease is released with. */
export interface RunEnd extends RunOutcome {
  readonly key: string;
  /** How long the record is kept from now, in milliseconds; `undefined`: as it was. */
  readonly ttlMs: number | undefined;
}

export interface RunProgress {
  /** The newest checkpoint that was made under the leases. */
  readonly madeId: string | undefined;
  /** The newest checkpoint of all. */
  readonly headId: string | undefined;
  /** Whether the newest checkpoint of all has pending writes that were written under the leases. */
  readonly hasWritesAtHead: boolean;
}

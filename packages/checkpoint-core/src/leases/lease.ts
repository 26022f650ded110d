import { randomInt } from "node:crypto";
import { hostname } from "node:os";
import type { RunnableConfig } from "@langchain/core/runnables";
import { abortSignal, integer, oneOf, refuseUnknown } from "../config/options.js";
import { isCopied, withLeaseToken } from "../config/run-config.js";
import { InvalidOptionsError, type LeaseEnd, LeaseLostError, type SaverClosedError } from "../errors.js";
import type { CheckpointStore, PutInput } from "../store/checkpoint-store.js";
import type { LeaseLost } from "../store/refusal.js";
import type { RunEnd, RunOutcome } from "../store/run-store.js";

/** How to acquire the lease of a thread. */
export interface LeaseOptions {
  /** How long the lease lasts without a renewal, in milliseconds. It is renewed three times in that time. Default 30,000. */
  readonly ttlMs?: number;
  /** How long to wait for a busy thread, in milliseconds; `Infinity`: until `signal` aborts. Default 0: do not wait. */
  readonly waitMs?: number;
  /**
   * What becomes of whoever has the thread. `"wait"`: they keep it, for `waitMs`. `"interrupt"`: it is taken from them, and they can write no more. `"rollback"`: what
   * they wrote under their lease is also removed (contract C-99). Default `"wait"`.
   */
  readonly whenBusy?: "wait" | "interrupt" | "rollback";
  /** Ends the wait; it fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The holder's name, for those who find the thread busy. Default: host name and process id. */
  readonly owner?: string;
}

/** {@link LeaseOptions}, checked. */
export type ResolvedLeaseOptions = Required<Omit<LeaseOptions, "signal">> & Pick<LeaseOptions, "signal">;

const MIN_TTL_MS = 50;
/** Unless the saver is told less (`maxLeaseTtlMs`). */
const MAX_TTL_MS = 24 * 60 * 60 * 1_000;
const MAX_OWNER_LENGTH = 256;
const MAX_REASON_LENGTH = 1_024;

/** The lease's part of the options of other calls. */
export const LEASE_OPTIONS = ["ttlMs", "owner"] as const satisfies readonly (keyof LeaseOptions)[];

/** @throws InvalidOptionsError */
export function resolveMaxTtlMs(given: unknown = MAX_TTL_MS): number {
  return integer("maxLeaseTtlMs", given, MIN_TTL_MS, MAX_TTL_MS);
}

/**
 * @param maxTtlMs the limit of the saver.
 * @throws InvalidOptionsError
 */
export function resolveLeaseOptions(options: LeaseOptions = {}, maxTtlMs = MAX_TTL_MS): ResolvedLeaseOptions {
  refuseUnknown("acquireThread", options, [...LEASE_OPTIONS, "waitMs", "whenBusy", "signal"]);
  const { waitMs = 0, whenBusy = "wait", owner = `${hostname()}:${process.pid}`, signal } = options;
  const { ttlMs = Math.min(30_000, maxTtlMs) } = options;
  integer("ttlMs", ttlMs, MIN_TTL_MS, maxTtlMs);
  if (typeof waitMs !== "number" || !(waitMs >= 0)) {
    throw new InvalidOptionsError(`waitMs is ${String(waitMs)}. It must be a number of at least 0.`);
  }
  oneOf("whenBusy", whenBusy, "wait", "interrupt", "rollback");
  checkText("owner", owner, MAX_OWNER_LENGTH);
  return { ttlMs, waitMs, whenBusy, owner, signal: abortSignal(signal) };
}

/** @throws InvalidOptionsError */
export function resolveReason(options: { readonly reason: string }): string {
  refuseUnknown("revokeLease", options, ["reason", "signal"]);
  checkText("reason", options.reason, MAX_REASON_LENGTH);
  return options.reason;
}

function checkText(name: string, text: unknown, most: number): void {
  if (typeof text === "string" && text !== "" && text.length <= most && !text.includes("\0") && text.isWellFormed()) return;
  throw new InvalidOptionsError(`${name} must be a non-empty, well-formed string of at most ${most} characters without NUL.`);
}

/**
 * The exclusive right to write to a thread (contract C-90). It renews itself in the background until it is released or lost.
 *
 * The store enforces it by checking the token of every write, whatever this process believes.
 */
export class ThreadLease implements AsyncDisposable {
  readonly threadId: string;
  /** The fencing token: a positive integer, greater than those of all earlier leases of the thread. */
  readonly token: string;
  /** Pass it to the graph: `graph.invoke(input, lease.config)`. */
  readonly config: RunnableConfig & { readonly configurable: Readonly<Record<string, unknown>> };
  readonly #store: CheckpointStore;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  readonly #onEnd: () => void;
  /** When this process takes the lease for ended, which is never later than the store does. */
  #deadline: number;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #run: Omit<RunEnd, keyof RunOutcome> | undefined;
  #outcome: RunOutcome | undefined;

  /** @param askedAt when the lease was requested, by `performance.now()`: the store's time starts then, or later. */
  constructor(store: CheckpointStore, threadId: string, token: string, ttlMs: number, askedAt: number, onEnd: () => void) {
    this.#store = store;
    this.threadId = threadId;
    this.token = token;
    this.#ttlMs = ttlMs;
    this.#deadline = askedAt + ttlMs;
    this.#onEnd = onEnd;
    const config = withLeaseToken({ configurable: { thread_id: threadId } }, threadId, token);
    this.config = Object.freeze({ ...config, configurable: Object.freeze(config.configurable) });
    this.#schedule();
  }

  /**
   * Aborts, with a LeaseLostError as its reason, when the lease is lost, and with a SaverClosedError when `saver.end()` ends it. Pass it to the graph, so that a run
   * that can no longer write ends.
   */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Releases the lease. Does nothing if it has already ended. @throws StoreUnavailableError, StoreFailureError */
  async release(): Promise<void> {
    if (!this.#end()) return;
    try {
      const end = this.#run && this.#outcome && { ...this.#run, ...this.#outcome };
      await this.#store.releaseLease(this.threadId, this.token, end);
    } finally {
      this.#onEnd();
    }
  }

  /**
   * Ends the lease and leaves the thread abandoned, so that another worker can resume it at once. For a worker that shuts down in the middle of a run. It does
   * not count as a crash (`tries`). Does nothing if the lease has already ended.
   *
   * @throws StoreUnavailableError, StoreFailureError. The lease then expires, as after a crash.
   */
  async handOver(): Promise<void> {
    if (!this.#end()) return;
    try {
      await this.#store.handOverLease(this.threadId, this.token);
    } finally {
      this.#onEnd();
    }
  }

  /** Stops renewing the lease, as a crash would: when it expires, the thread is abandoned. Sends nothing to the store. */
  leave(): void {
    if (this.#end()) this.#onEnd();
  }

  /** @internal Ends what goes on under the lease, which can still write until it is handed over. */
  abort(reason: SaverClosedError): void {
    this.#lost.abort(reason);
  }

  /** @internal Whether the lease is that of a run that has an idempotency key. */
  get isOfRun(): boolean {
    return this.#run !== undefined;
  }

  /** @internal Says which run goes on under the lease. */
  setRun(key: string, ttlMs?: number): void {
    this.#run = { key, ttlMs };
  }

  /** @internal What the run has come to, which the store notes when the lease is released. */
  setOutcome(outcome: RunOutcome): void {
    this.#outcome = outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  #end(): boolean {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    return true;
  }

  /** @internal The store has told that the lease is lost. */
  lose(end?: LeaseEnd): void {
    if (!this.#end()) return;
    this.#lost.abort(new LeaseLostError(this.threadId, end));
    this.#onEnd();
  }

  #schedule(): void {
    const left = this.#deadline - performance.now();
    this.#timer = setTimeout(() => void this.#renew(), Math.max(0, Math.min(this.#ttlMs / 3, left)));
    // Does not keep an idle process alive; its lease then expires.
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    if (askedAt >= this.#deadline) return this.lose();
    // The deadline passes whether or not the store answers.
    this.#timer = setTimeout(() => this.lose(), this.#deadline - askedAt);
    this.#timer.unref();
    let lost: LeaseLost | undefined;
    let deadline = this.#deadline;
    try {
      lost = await this.#store.renewLease(this.threadId, this.token, this.#ttlMs);
      deadline = askedAt + this.#ttlMs;
    } catch {
      // The store is unavailable. Retry while the lease lasts.
    }
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    if (lost !== undefined) return this.lose(lost.end);
    this.#deadline = deadline;
    this.#schedule();
  }
}

/**
 * A token is a number that the store counts, followed by this many random digits. A store that forgot a lease (a failover to a lagging replica, a restored
 * backup) counts on from before it; the random digits distinguish the new holder from the forgotten one, and cannot be guessed.
 */
export const TOKEN_SUFFIX_DIGITS = 18;

/** The random part of a token. */
export function newTokenSuffix(): string {
  const half = TOKEN_SUFFIX_DIGITS / 2;
  return [0, 1].map(() => String(randomInt(10 ** half)).padStart(half, "0")).join("");
}

/**
 * The part of a token that the store counts, at most 63 bits. It identifies a lease of a thread, and may be stored beside what is written, because it does not
 * suffice to write.
 */
export function leaseCount(token: string): bigint {
  // A forged token may have more digits; the store refuses its writes.
  return BigInt.asUintN(63, BigInt(token) / 10n ** BigInt(TOKEN_SUFFIX_DIGITS));
}

/**
 * What a row says of the lease under which it is written, for a rollback of that lease; `undefined` without one, and for what is copied from another saver, which the
 * run that has it copied has not made.
 */
export function writerOf({ config, token }: Pick<PutInput, "config" | "token">): bigint | undefined {
  return token === undefined || isCopied(config) ? undefined : leaseCount(token);
}

import { randomInt } from "node:crypto";
import { hostname } from "node:os";
import type { RunnableConfig } from "@langchain/core/runnables";
import { isCopied, withLeaseToken } from "../config/run-config.js";
import { InvalidOptionsError, type LeaseEnd, LeaseLostError, type SaverClosedError } from "../errors.js";
import type { CheckpointStore, PutInput } from "../store/checkpoint-store.js";
import type { LeaseLost } from "../store/refusal.js";

/** How to get the lease of a thread. */
export interface LeaseOptions {
  /** How long the lease lasts without a renewal, in milliseconds. It is renewed three times in that time. Default 30,000. */
  readonly ttlMs?: number;
  /** How long to wait for a thread that is in use, in milliseconds; `Infinity`: until `signal` aborts. Default 0: not at all. */
  readonly waitMs?: number;
  /**
   * What becomes of whoever has the thread. `"wait"`: they keep it, for `waitMs`. `"interrupt"`: it is taken from them, and they can write no more. `"rollback"`: what
   * they wrote under their lease is also removed (contract C-99). Default `"wait"`.
   */
  readonly whenBusy?: "wait" | "interrupt" | "rollback";
  /** Ends the wait; it fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Who wants it, for those who find the thread in use. Default: host name and process id. */
  readonly owner?: string;
}

/** {@link LeaseOptions}, checked. */
export type ResolvedLeaseOptions = Required<Omit<LeaseOptions, "signal">> & Pick<LeaseOptions, "signal">;

const MIN_TTL_MS = 50;
/** Unless the saver is told less (`maxLeaseTtlMs`). */
const MAX_TTL_MS = 24 * 60 * 60 * 1_000;
const MAX_OWNER_LENGTH = 256;
const MAX_REASON_LENGTH = 1_024;

/**
 * @throws InvalidOptionsError
 */
export function resolveMaxTtlMs(given: unknown = MAX_TTL_MS): number {
  if (typeof given === "number" && Number.isInteger(given) && given >= MIN_TTL_MS && given <= MAX_TTL_MS) return given;
  throw new InvalidOptionsError(`maxLeaseTtlMs is ${String(given)}. It must be an integer from ${MIN_TTL_MS} to ${MAX_TTL_MS}.`);
}

/**
 * @param maxTtlMs what the saver allows.
 * @throws InvalidOptionsError
 */
export function resolveLeaseOptions(options: LeaseOptions = {}, maxTtlMs = MAX_TTL_MS): ResolvedLeaseOptions {
  const {
    ttlMs = Math.min(30_000, maxTtlMs),
    waitMs = 0,
    whenBusy = "wait",
    owner = `${hostname()}:${process.pid}`,
    signal,
  } = options;
  if (!Number.isInteger(ttlMs) || ttlMs < MIN_TTL_MS || ttlMs > maxTtlMs) {
    throw new InvalidOptionsError(`ttlMs is ${String(ttlMs)}. It must be an integer from ${MIN_TTL_MS} to ${maxTtlMs}.`);
  }
  if (typeof waitMs !== "number" || !(waitMs >= 0)) {
    throw new InvalidOptionsError(`waitMs is ${String(waitMs)}. It must be a number of at least 0.`);
  }
  if (whenBusy !== "wait" && whenBusy !== "interrupt" && whenBusy !== "rollback") {
    throw new InvalidOptionsError(`whenBusy is ${String(whenBusy)}. It must be "wait", "interrupt" or "rollback".`);
  }
  checkText("owner", owner, MAX_OWNER_LENGTH);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new InvalidOptionsError("signal must be an AbortSignal.");
  return { ttlMs, waitMs, whenBusy, owner, signal };
}

/**
 * @throws InvalidOptionsError
 */
export function resolveReason(options: { readonly reason: string }): string {
  const reason: unknown = (options as Partial<typeof options> | undefined)?.reason;
  checkText("reason", reason, MAX_REASON_LENGTH);
  return reason as string;
}

function checkText(name: string, text: unknown, most: number): void {
  if (typeof text === "string" && text !== "" && text.length <= most && !text.includes("\0") && text.isWellFormed()) return;
  throw new InvalidOptionsError(`${name} must be a non-empty, well-formed string of at most ${most} characters without NUL.`);
}

/**
 * The right to write to a thread that nobody else has at the time (contract C-90). It renews itself in the background until it is released or lost.
 *
 * The store is what enforces it: it checks the token of every write, whatever this process believes.
 */
export class ThreadLease implements AsyncDisposable {
  readonly threadId: string;
  /** The fencing token: a positive integer, above those of all earlier leases of the thread. */
  readonly token: string;
  /** To be passed to the graph: `graph.invoke(input, lease.config)`. */
  readonly config: RunnableConfig & { readonly configurable: Readonly<Record<string, unknown>> };
  readonly #store: CheckpointStore;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  readonly #onEnd: () => void;
  /** When the lease ends, as far as this process knows: never later than the store ends it. */
  #deadline: number;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  /** @param askedAt when the lease was asked for, by `performance.now()`: the store counts its time from then, or from later. */
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
   * Aborts, with a LeaseLostError as its reason, when the lease is lost, and with a SaverClosedError when `saver.end()` hands it over. Pass it to the graph, so
   * that a run that cannot write any more ends.
   */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Gives the thread free. Does nothing when the lease has ended already. @throws StoreUnavailableError, StoreFailureError */
  async release(): Promise<void> {
    if (!this.#end()) return;
    try {
      await this.#store.releaseLease(this.threadId, this.token);
    } finally {
      this.#onEnd();
    }
  }

  /**
   * Ends the lease without giving the thread free: the thread counts as abandoned from now on, and another worker can go on with it. For a worker that
   * shuts down in the middle of a run. It does not count as a crash (`tries`). Does nothing when the lease has ended already.
   *
   * @throws StoreUnavailableError, StoreFailureError. The lease then ends when its time is up, as after a crash.
   */
  async handOver(): Promise<void> {
    if (!this.#end()) return;
    try {
      await this.#store.handOverLease(this.threadId, this.token);
    } finally {
      this.#onEnd();
    }
  }

  /** Stops renewing the lease, as a crash would: when its time is up, the thread counts as abandoned. Asks nothing of the store. */
  leave(): void {
    if (this.#end()) this.#onEnd();
  }

  /** @internal Ends what goes on under the lease, which can still write until it is handed over. */
  abort(reason: SaverClosedError): void {
    this.#lost.abort(reason);
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
    // A process that has nothing else to do may end; its lease then ends by itself.
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
      // The store is not available. Another try, as long as the lease lasts.
    }
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    if (lost !== undefined) return this.lose(lost.end);
    this.#deadline = deadline;
    this.#schedule();
  }
}

/**
 * So many digits at the end of a token are random, before them a number that the store counts. A store that has forgotten a lease, by a failover to a replica
 * that lagged or a backup restored, counts on from before it: the random part tells the new holder from the forgotten one, and cannot be guessed.
 */
export const TOKEN_SUFFIX_DIGITS = 18;

/** The random part of a token. */
export function newTokenSuffix(): string {
  const half = TOKEN_SUFFIX_DIGITS / 2;
  return [0, 1].map(() => String(randomInt(10 ** half)).padStart(half, "0")).join("");
}

/**
 * The part of a token that the store counts, at most 63 bits: it tells the leases of a thread apart, and may be stored beside what is written, since nobody can
 * write with it.
 */
export function leaseCount(token: string): bigint {
  // A token that no store has given may have more digits. What it is to write is refused.
  return BigInt.asUintN(63, BigInt(token) / 10n ** BigInt(TOKEN_SUFFIX_DIGITS));
}

/**
 * What a row says of the lease under which it is written, for a rollback of that lease; `undefined` without one, and for what is copied from another saver, which the
 * run that has it copied has not made.
 */
export function writerOf({ config, token }: Pick<PutInput, "config" | "token">): bigint | undefined {
  return token === undefined || isCopied(config) ? undefined : leaseCount(token);
}

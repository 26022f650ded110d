import { randomInt } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import type { RunnableConfig } from "@langchain/core/runnables";
import { abortSignal, integer } from "../config/options.js";
import { withLeaseToken } from "../config/run-config.js";
import { InvalidOptionsError, LeaseLostError, ThreadBusyError } from "../errors.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";

/** How to acquire the lease of a thread. */
export interface LeaseOptions {
  /** How long the lease lasts without a renewal, in milliseconds. It is renewed three times in that time. Default 30,000. */
  readonly ttlMs?: number;
  /** How long to wait for a busy thread, in milliseconds; `Infinity`: until `signal` aborts. Default 0: do not wait. */
  readonly waitMs?: number;
  /** Ends the wait; it fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The holder's name, for those who find the thread busy. Default: host name and process id. */
  readonly owner?: string;
}

/** {@link LeaseOptions}, checked. */
export type ResolvedLeaseOptions = Required<Omit<LeaseOptions, "signal">> & Pick<LeaseOptions, "signal">;

const MIN_TTL_MS = 50;
const MAX_TTL_MS = 24 * 60 * 60 * 1_000;
const MAX_OWNER_LENGTH = 256;

/** @throws InvalidOptionsError */
export function resolveLeaseOptions(options: LeaseOptions = {}): ResolvedLeaseOptions {
  const { ttlMs = 30_000, waitMs = 0, owner = `${hostname()}:${process.pid}`, signal } = options;
  integer("ttlMs", ttlMs, MIN_TTL_MS, MAX_TTL_MS);
  if (typeof waitMs !== "number" || !(waitMs >= 0)) {
    throw new InvalidOptionsError(`waitMs is ${String(waitMs)}. It must be a number of at least 0.`);
  }
  const isText = typeof owner === "string" && owner !== "" && !owner.includes("\0") && owner.isWellFormed();
  if (!isText || owner.length > MAX_OWNER_LENGTH) {
    throw new InvalidOptionsError(
      `owner must be a non-empty, well-formed string of at most ${MAX_OWNER_LENGTH} characters without NUL.`,
    );
  }
  return { ttlMs, waitMs, owner, signal: abortSignal(signal) };
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

  /** Aborts, with a LeaseLostError as its reason, when the lease is lost. Pass it to the graph, so that a run that can no longer write ends. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Releases the lease. Does nothing if it has already ended. @throws StoreUnavailableError, StoreFailureError */
  async release(): Promise<void> {
    if (!this.#end()) return;
    await this.#store.releaseLease(this.threadId, this.token);
    this.#onEnd();
  }

  /**
   * Ends the lease and leaves the thread abandoned, so that another worker can resume it at once. For a worker that shuts down in the middle of a run. It does
   * not count as a crash (`tries`). Does nothing if the lease has already ended.
   *
   * @throws StoreUnavailableError, StoreFailureError. The lease then expires, as after a crash.
   */
  async handOver(): Promise<void> {
    if (!this.#end()) return;
    await this.#store.handOverLease(this.threadId, this.token);
    this.#onEnd();
  }

  /** Stops renewing the lease, as a crash would: when it expires, the thread is abandoned. Sends nothing to the store. */
  leave(): void {
    if (this.#end()) this.#onEnd();
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

  #lose(): void {
    if (!this.#end()) return;
    this.#lost.abort(new LeaseLostError(this.threadId));
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
    if (askedAt >= this.#deadline) return this.#lose();
    // The deadline passes whether or not the store answers.
    this.#timer = setTimeout(() => this.#lose(), this.#deadline - askedAt);
    this.#timer.unref();
    let isLive: boolean | undefined;
    try {
      isLive = await this.#store.renewLease(this.threadId, this.token, this.#ttlMs);
    } catch {
      // The store is unavailable. Retry while the lease lasts.
    }
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    if (isLive === false) return this.#lose();
    if (isLive === true) this.#deadline = askedAt + this.#ttlMs;
    this.#schedule();
  }
}

/** First wait before asking again for a busy thread, doubled up to the second, each jittered by half. */
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 500;

/** Acquires leases. Waiters in one process for one thread are served in order, and only the first asks the store. */
export class Leases {
  readonly #store: CheckpointStore;
  /** By thread, the turn of the last waiter. */
  readonly #turns = new Map<string, Promise<void>>();
  /** By thread, what wakes the first waiter when a lease of this process ends. */
  readonly #wakers = new Map<string, () => void>();

  constructor(store: CheckpointStore) {
    this.#store = store;
  }

  /** @throws ThreadBusyError if the thread stays busy for longer than `waitMs`; the signal's reason if it aborts. */
  async acquire(threadId: string, options: ResolvedLeaseOptions): Promise<ThreadLease> {
    const { waitMs, signal } = options;
    signal?.throwIfAborted();
    const giveUpAt = performance.now() + waitMs;
    if (waitMs === 0) return this.#ask(threadId, options);
    const before = this.#turns.get(threadId);
    let endTurn = (): void => {};
    const turn = new Promise<void>((resolve) => {
      endTurn = resolve;
    });
    const mine = (before ?? Promise.resolve()).then(() => turn);
    this.#turns.set(threadId, mine);
    try {
      if (before !== undefined) await this.#inLine(threadId, before, giveUpAt, signal);
      return await this.#poll(threadId, options, giveUpAt);
    } finally {
      endTurn();
      if (this.#turns.get(threadId) === mine) this.#turns.delete(threadId);
    }
  }

  async #inLine(threadId: string, before: Promise<void>, giveUpAt: number, signal: AbortSignal | undefined): Promise<void> {
    const over = new AbortController();
    try {
      const late = waitUntil(giveUpAt, anySignal(signal, over.signal)).then(() => {
        throw new ThreadBusyError(threadId, undefined, 0);
      });
      await Promise.race([before, late]);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      over.abort();
    }
  }

  async #poll(threadId: string, options: ResolvedLeaseOptions, giveUpAt: number): Promise<ThreadLease> {
    for (let delay = MIN_POLL_MS; ; delay = Math.min(2 * delay, MAX_POLL_MS)) {
      try {
        return await this.#ask(threadId, options);
      } catch (error) {
        if (!(error instanceof ThreadBusyError) || performance.now() >= giveUpAt) throw error;
        const pause = Math.min(delay * (0.5 + Math.random()), error.remainingMs + 1, giveUpAt - performance.now());
        await this.#pause(threadId, Math.max(1, pause), options.signal);
      }
    }
  }

  /** Waits until the time has passed, or a lease of this process on this thread has ended. */
  async #pause(threadId: string, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    const woken = new AbortController();
    this.#wakers.set(threadId, () => woken.abort());
    try {
      await wait(milliseconds, undefined, { signal: anySignal(signal, woken.signal) });
    } catch {
      signal?.throwIfAborted();
    } finally {
      this.#wakers.delete(threadId);
    }
  }

  async #ask(threadId: string, { ttlMs, owner }: ResolvedLeaseOptions): Promise<ThreadLease> {
    const askedAt = performance.now();
    const answer = await this.#store.acquireLease({ threadId, ttlMs, owner });
    if (answer.kind === "busy") throw new ThreadBusyError(threadId, answer.owner, answer.remainingMs);
    return this.#leaseOf(threadId, answer.token, ttlMs, askedAt);
  }

  /** Claims a thread whose last lease ended without a release. @returns `undefined` if another process was first. */
  async claim(
    threadId: string,
    ended: string,
    { ttlMs, owner }: ResolvedLeaseOptions,
  ): Promise<{ readonly lease: ThreadLease; readonly tries: number } | undefined> {
    const askedAt = performance.now();
    const answer = await this.#store.acquireLease({ threadId, ttlMs, owner, ended });
    if (answer.kind === "busy") return undefined;
    return { lease: this.#leaseOf(threadId, answer.token, ttlMs, askedAt), tries: answer.tries };
  }

  #leaseOf(threadId: string, token: string, ttlMs: number, askedAt: number): ThreadLease {
    return new ThreadLease(this.#store, threadId, token, ttlMs, askedAt, () => this.#wakers.get(threadId)?.());
  }
}

function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

/** setTimeout takes at most 2^31 - 1 ms. */
async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let left = time - performance.now(); left > 0; left = time - performance.now()) {
    await wait(Math.min(left, 2 ** 31 - 1), undefined, { signal });
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

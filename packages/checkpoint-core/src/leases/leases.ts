import { setMaxListeners } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { InvalidOptionsError, type LeaseEnd, LeaseLostError, SaverClosedError, ThreadBusyError } from "../errors.js";
import type { CheckpointStore, LeaseAnswer, LeaseRequest } from "../store/checkpoint-store.js";
import type { Events } from "../store/events.js";
import { isWithinRun } from "./held-threads.js";
import { leaseCount, type ResolvedLeaseOptions, ThreadLease } from "./lease.js";

/** First wait before asking again for a busy thread, doubled up to the second, each jittered by half. */
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 500;

/** When a saver ends with a time to drain, runs that it aborts have as long to stop: one with durability "exit" stores its state then. */
const STOP_MS = 1_000;
/** For so long, a saver that ends tries to hand its leases over. One that the store is not told of ends when its time is up. */
const HAND_OVER_MS = 2_000;

/** Who had a lease that was revoked, as they call themselves. */
export interface LeaseHolder {
  readonly owner: string | undefined;
}

/**
 * @throws InvalidOptionsError
 */
export function resolveDrainMs(drainMs: unknown = 0): number {
  if (typeof drainMs === "number" && drainMs >= 0) return drainMs;
  throw new InvalidOptionsError(`drainMs is ${String(drainMs)}. It must be a number of at least 0.`);
}

/** Acquires leases. Waiters in one process for one thread are served in order, and only the first asks the store. */
export class Leases {
  readonly #store: CheckpointStore;
  readonly #events: Events;
  /** By thread, the turn of the last waiter. */
  readonly #turns = new Map<string, Promise<void>>();
  /** By thread, what wakes the first waiter when a lease of this process ends. */
  readonly #wakers = new Map<string, () => void>();

  readonly #held = new Set<ThreadLease>();
  /** Requests for a lease that have no answer yet. */
  readonly #asked = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  /** Whether runs that are going on get no lease any more, either. */
  #isClosed = false;
  /** Who waits until the leases that are held have ended. */
  readonly #drains = new Set<() => void>();

  /** @param maxTtlMs the longest time for which a lease is given. */
  constructor(
    store: CheckpointStore,
    events: Events,
    readonly maxTtlMs: number,
  ) {
    this.#store = store;
    this.#events = events;
    // Whoever waits for a lease listens.
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * Gives no lease any more, but to the runs that have one, waits `drainMs` for those that are held to end, and hands over what is held then: what goes on
   * under them is aborted.
   */
  async close(drainMs: number): Promise<void> {
    this.#closing.abort(new SaverClosedError("acquireThread"));
    await this.#drain(drainMs);
    this.#isClosed = true;
    for (const lease of this.#held) lease.abort(new SaverClosedError("a run", true));
    if (drainMs > 0) await this.#drain(STOP_MS);
    const over = new AbortController();
    const late = waitUntil(performance.now() + HAND_OVER_MS, over.signal).catch(() => undefined);
    const left = [...this.#asked, ...[...this.#held].map((lease) => lease.handOver())];
    await Promise.race([Promise.allSettled(left), late]);
    over.abort();
  }

  async #drain(milliseconds: number): Promise<void> {
    const woken = new AbortController();
    const wake = (): void => {
      if (this.#held.size === 0 && this.#asked.size === 0) woken.abort();
    };
    this.#drains.add(wake);
    wake();
    await waitUntil(performance.now() + milliseconds, woken.signal).catch(() => undefined);
    this.#drains.delete(wake);
  }

  /**
   * @throws ThreadBusyError if the thread stays busy for longer than `waitMs`; SaverClosedError; the signal's reason if it aborts.
   */
  async acquire(threadId: string, given: ResolvedLeaseOptions, run?: WaitingRun): Promise<GrantedLease> {
    const { waitMs, whenBusy } = given;
    const signal = isWithinRun() ? given.signal : anySignal(given.signal, this.#closing.signal);
    const options = { ...given, signal, run };
    signal?.throwIfAborted();
    const giveUpAt = performance.now() + waitMs;
    // Who does not wait, or takes it, does not stand in line behind those who wait for it.
    if (waitMs === 0 || whenBusy !== "wait") return this.#poll(threadId, options, giveUpAt);
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

  async #poll(
    threadId: string,
    { ttlMs, owner, whenBusy, signal, run }: ResolvedLeaseOptions & { readonly run: WaitingRun | undefined },
    giveUpAt: number,
  ): Promise<GrantedLease> {
    let takes = whenBusy === "wait" ? undefined : whenBusy;
    const leaveItAt = performance.now() + (run?.patienceMs ?? 0);
    for (let delay = MIN_POLL_MS; ; delay = Math.min(2 * delay, MAX_POLL_MS)) {
      const answer = await this.#request({ threadId, ttlMs, owner, takes, run: run?.key });
      if (answer.kind === "granted") return answer;
      const isSameRun = answer.isSameRun === true;
      // A later run may take the thread from the run that is repeated. The repetition does not take it back.
      if (isSameRun) takes = undefined;
      const left = (isSameRun ? leaveItAt : giveUpAt) - performance.now();
      if (left <= 0) throw new ThreadBusyError(threadId, answer.owner, answer.remainingMs);
      const pause = Math.min(delay * (0.5 + Math.random()), answer.remainingMs + 1, left);
      await this.#pause(threadId, Math.max(1, pause), signal);
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

  /** Claims a thread whose last lease ended without a release. @returns `undefined` if another process was first. */
  async claim(threadId: string, ended: string, { ttlMs, owner }: ResolvedLeaseOptions): Promise<GrantedLease | undefined> {
    this.#closing.signal.throwIfAborted();
    const answer = await this.#request({ threadId, ttlMs, owner, ended });
    if (answer.kind === "busy") return undefined;
    // Whoever claims the thread goes on with its run.
    if (answer.run !== undefined) await this.#continue(answer.lease, answer.run);
    return answer;
  }

  async #continue(lease: ThreadLease, run: string): Promise<void> {
    lease.setRun(run);
    try {
      await this.#store.continueRun(lease.threadId, lease.token, run);
    } catch (error) {
      await lease.handOver().catch(() => undefined);
      throw error;
    }
  }

  /** Takes a lease from its holder, who cannot write any more. @returns `undefined` when nobody has the thread. */
  async revoke(threadId: string, reason: string): Promise<LeaseHolder | undefined> {
    const revoked = await this.#store.revokeLease(threadId, reason);
    if (revoked === undefined) return undefined;
    this.#lose(threadId, revoked.count, { kind: "revoked", reason });
    this.#wakers.get(threadId)?.();
    return { owner: revoked.owner };
  }

  /** Tells a holder in this process at once; others learn it at their next write or renewal. */
  #lose(threadId: string, count: string, end: LeaseEnd): void {
    for (const lease of this.#held) {
      if (lease.threadId === threadId && String(leaseCount(lease.token)) === count) lease.lose(end);
    }
  }

  #request(request: LeaseRequest): Promise<Answer> {
    // Here, not when the answer is there: the run that asks may be over by then.
    const isWithin = isWithinRun();
    const asking = this.#answer(request, isWithin).finally(() => {
      this.#asked.delete(asking);
      this.#ended();
    });
    this.#asked.add(asking);
    return asking;
  }

  async #answer(request: LeaseRequest, isWithin: boolean): Promise<Answer> {
    const { threadId, ttlMs } = request;
    const askedAt = performance.now();
    const answer = await this.#store.acquireLease(request);
    if (answer.kind === "busy") return answer;
    const lease = new ThreadLease(this.#store, threadId, answer.token, ttlMs, askedAt, () => {
      this.#held.delete(lease);
      this.#wakers.get(threadId)?.();
      this.#ended();
    });
    this.#held.add(lease);
    if (this.#events.isHeard) lease.signal.addEventListener("abort", () => this.#tellLost(lease));
    const { overtaken } = answer;
    if (overtaken !== undefined) this.#lose(threadId, overtaken[0], { kind: "overtaken", reason: request.owner });
    if (this.#isClosed || (!isWithin && this.#closing.signal.aborted)) {
      await (request.ended === undefined ? lease.release() : lease.handOver());
      this.#closing.signal.throwIfAborted();
    }
    return { ...answer, lease };
  }

  /** Nobody has taken a lease that the saver hands over itself. */
  #tellLost({ threadId, signal }: ThreadLease): void {
    if (signal.reason instanceof LeaseLostError) this.#events.emit({ kind: "lease-lost", threadId });
  }

  #ended(): void {
    for (const wake of this.#drains) wake();
  }
}

/** A run that asks for a lease, and how long it waits for itself to end elsewhere, in milliseconds. */
export interface WaitingRun {
  readonly key: string;
  readonly patienceMs: number;
}

/** A lease, and what the store says of it. */
export type GrantedLease = Extract<LeaseAnswer, { readonly kind: "granted" }> & { readonly lease: ThreadLease };

type Answer = GrantedLease | Extract<LeaseAnswer, { readonly kind: "busy" }>;

function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

/** setTimeout takes at most 2^31 - 1 ms. */
async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let left = time - performance.now(); left > 0; left = time - performance.now()) {
    await wait(Math.min(left, 2 ** 31 - 1), undefined, { signal });
  }
}

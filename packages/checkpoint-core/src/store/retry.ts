import { setTimeout as wait } from "node:timers/promises";
import { integer, refuseUnknown } from "../config/options.js";
import { InvalidOptionsError } from "../errors.js";
import { type OperationEnd, operationEnd } from "./operation-signal.js";

/** How long transient faults of the store are hidden from the run (contract C-70). */
export interface RetryOptions {
  /** How many times one operation is tried in all. Default 30, so that by default the time decides. */
  readonly maxAttempts?: number;
  /** The retry budget: no try begins later than this many milliseconds after the first. Default 30,000, which covers a managed database's failover. */
  readonly maxElapsedMs?: number;
  /** Wait before the second try, in milliseconds, doubled for each further one and jittered by half. Default 50. */
  readonly minDelayMs?: number;
  /** Longest wait between two tries, in milliseconds. Default 5,000. */
  readonly maxDelayMs?: number;
}

export type RetryPolicy = Readonly<Required<RetryOptions>>;

const DEFAULTS: RetryPolicy = { maxAttempts: 30, maxElapsedMs: 30_000, minDelayMs: 50, maxDelayMs: 5_000 };

/** @throws InvalidOptionsError */
export function resolveRetry(options: RetryOptions = {}): RetryPolicy {
  refuseUnknown("retry", options, Object.keys(DEFAULTS));
  const policy = { ...DEFAULTS, ...options };
  for (const [name, value] of Object.entries(policy)) {
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
      throw new InvalidOptionsError(`retry.${name} is ${String(value)}. It must be a number of at least 0.`);
    }
  }
  integer("retry.maxAttempts", policy.maxAttempts, 1);
  return Object.freeze(policy);
}

/** A try is never cut shorter by the budget: a budget of nothing asks for one try, not for one that has no time. */
const LEAST_TRY_MS = 1_000;

/**
 * How long one try may wait for an answer: no longer than a third of the budget, so that a connection on which nothing comes back leaves time for two others
 * (contract C-71).
 *
 * @param timeoutMs what the saver's option allows.
 */
export function tryLimit({ maxAttempts, maxElapsedMs }: RetryPolicy, timeoutMs: number): number {
  if (maxAttempts === 1) return timeoutMs;
  return Math.min(timeoutMs, Math.max(LEAST_TRY_MS, Math.floor(maxElapsedMs / 3)));
}

/** The tries of a ping: whoever asks is told soon, and not of a connection that has long been dead. */
export const PING_POLICY: RetryPolicy = { maxAttempts: 3, maxElapsedMs: 5_000, minDelayMs: 50, maxDelayMs: 500 };

/** A try that failed, and after which there will be another. */
export interface FailedTry {
  readonly error: unknown;
  /** Of the try that failed: 1 for the first. */
  readonly attempt: number;
  /** How long until the next one, in milliseconds. */
  readonly delayMs: number;
  /** For how long after that there may be further ones, in milliseconds. */
  readonly leftMs: number;
}

/** What there is to be known around the tries of an operation. */
export interface Retrying {
  /** Aborts the wait between two tries (the saver was closed). */
  readonly giveUp?: AbortSignal;
  /** Called before each wait. It must not throw. */
  readonly onRetry?: (failed: FailedTry) => void;
  /** Makes of the error of the last try what is thrown, or a promise of it. Default: unchanged. */
  readonly toError?: (error: unknown) => unknown;
}

/**
 * Runs an idempotent operation until it succeeds, fails for good, or the budget is spent. Then it throws the last error.
 *
 * @param isTransient whether a retry may succeed; decided by error code, never by message text.
 * @param operation is given the signal by which it is to end ({@link operationEnd}).
 */
export async function retry<T>(
  policy: RetryPolicy,
  isTransient: (error: unknown) => boolean,
  operation: (end: OperationEnd | undefined) => Promise<T>,
  { giveUp, onRetry, toError = (error) => error }: Retrying = {},
): Promise<T> {
  const end = operationEnd();
  const start = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (end?.isOver) throw end.reason;
      return await operation(end);
    } catch (error) {
      const isGivenUp = end?.isOver || giveUp?.aborted;
      if (attempt >= policy.maxAttempts || isGivenUp || !isTransient(error)) throw await toError(error);
      // Jitter of ±50 %: replicas that lost the same server must not come back in step.
      const delay = Math.min(policy.maxDelayMs, policy.minDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
      const leftMs = policy.maxElapsedMs - (performance.now() - start) - delay;
      if (leftMs < 0) throw await toError(error);
      onRetry?.({ error, attempt, delayMs: delay, leftMs });
      if (!(await pause(delay, end, giveUp))) throw await toError(error);
    }
  }
}

/** @returns whether it was not cut short. */
async function pause(delayMs: number, end: OperationEnd | undefined, giveUp: AbortSignal | undefined): Promise<boolean> {
  const woken = new AbortController();
  const wake = (): void => woken.abort();
  const forget = end?.whenOver(wake);
  giveUp?.addEventListener("abort", wake);
  try {
    await wait(delayMs, undefined, { signal: woken.signal });
    return true;
  } catch {
    return false;
  } finally {
    forget?.();
    giveUp?.removeEventListener("abort", wake);
  }
}

/**
 * The store's clock as just read, continued by this process's monotonic clock. A command carries the time at which its process gives it up, and the store
 * refuses it if the network delivers it later.
 */
export class StoreMoment {
  readonly #storeMs: number;
  readonly #readAt = performance.now();

  /** @param storeMs milliseconds since 1970. */
  constructor(storeMs: number) {
    this.#storeMs = storeMs;
  }

  /** The store's time `ms` from now, in milliseconds since 1970; early by the time that the store's answer travelled. */
  in(ms: number): number {
    return Math.floor(this.#storeMs + performance.now() - this.#readAt + ms);
  }
}

import { setTimeout as wait } from "node:timers/promises";
import { integer } from "../config/options.js";
import { InvalidOptionsError } from "../errors.js";

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
export function resolveRetry(options: RetryOptions | undefined): RetryPolicy {
  const policy = { ...DEFAULTS, ...options };
  for (const [name, value] of Object.entries(policy)) {
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
      throw new InvalidOptionsError(`retry.${name} is ${String(value)}. It must be a number of at least 0.`);
    }
  }
  integer("retry.maxAttempts", policy.maxAttempts, 1);
  return Object.freeze(policy);
}

/**
 * Runs an idempotent operation until it succeeds, fails for good, or the budget is spent. Then it throws the last error unchanged.
 *
 * @param isTransient whether a retry may succeed; decided by error code, never by message text.
 * @param giveUp aborts the wait between two tries (the saver was closed).
 */
export async function retry<T>(
  policy: RetryPolicy,
  isTransient: (error: unknown) => boolean,
  operation: () => Promise<T>,
  giveUp?: AbortSignal,
): Promise<T> {
  const start = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (attempt >= policy.maxAttempts || !isTransient(error) || giveUp?.aborted === true) throw error;
      // Jitter of ±50 %: replicas that lost the same server must not come back in step.
      const delay = Math.min(policy.maxDelayMs, policy.minDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
      if (performance.now() - start + delay > policy.maxElapsedMs) throw error;
      try {
        await wait(delay, undefined, giveUp === undefined ? {} : { signal: giveUp });
      } catch {
        throw error;
      }
    }
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

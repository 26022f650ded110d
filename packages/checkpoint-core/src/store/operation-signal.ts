import { AsyncLocalStorage } from "node:async_hooks";
import { refuseUnknown } from "../config/options.js";
import { InvalidOptionsError } from "../errors.js";

/** Of the operation that is under way. Not a parameter: every step of every operation would have to hand it on, in both stores. */
const current = new AsyncLocalStorage<AbortSignal | undefined>();

/** Aborts when the operation that calls is to end; what it then fails with is not looked at any more. */
export function operationSignal(): AbortSignal | undefined {
  return current.getStore();
}

/**
 * Runs an operation until `signal` aborts: then it rejects with the signal's reason, and begins nothing more (contract C-76).
 *
 * @param graceMs so many milliseconds later.
 * @throws InvalidOptionsError when the signal is none.
 */
export async function underSignal<T>(signal: AbortSignal | undefined, operation: () => Promise<T>, graceMs = 0): Promise<T> {
  if (signal === undefined) return operation();
  // Not by its class: that of another realm (jsdom) is as good.
  if (typeof signal?.addEventListener !== "function") throw new InvalidOptionsError("signal must be an AbortSignal.");
  if (graceMs === 0) signal.throwIfAborted();
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let forget = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    const end = (): void => {
      over.abort(signal.reason);
      reject(signal.reason);
    };
    forget = whenAborted(signal, () => {
      if (graceMs === 0) end();
      else timer = setTimeout(end, graceMs);
    });
  });
  try {
    return await Promise.race([current.run(over.signal, operation), aborted]);
  } finally {
    forget();
    clearTimeout(timer);
  }
}

/** The same for what is read piece by piece. */
export async function* eachUnderSignal<T>(signal: AbortSignal | undefined, items: AsyncGenerator<T>): AsyncGenerator<T> {
  if (signal === undefined) return yield* items;
  try {
    for (;;) {
      const { done, value } = await underSignal(signal, () => items.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    const ended = items.return(undefined);
    // What is still at work has been told to end, and fails by itself.
    if (signal.aborted) ended.catch(() => {});
    else await ended;
  }
}

/** What operations take that have no other options. */
export interface OperationOptions {
  /** Ends the operation, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Runs an operation that has no other options than a signal.
 *
 * @throws InvalidOptionsError, and the signal's reason.
 */
export async function underOptions<T>(
  operation: string,
  options: OperationOptions | undefined = {},
  work: () => Promise<T>,
): Promise<T> {
  refuseUnknown(operation, options, ["signal"]);
  return underSignal(options.signal, work);
}

/** Runs what several operations share, which must not end with the one that began it. */
export function withoutSignal<T>(work: () => Promise<T>): Promise<T> {
  return current.run(undefined, work);
}

/** Waits for a promise, or until the signal aborts; then it rejects with the signal's reason. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  let forget = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    forget = whenAborted(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    forget();
  }
}

/** What waits for each signal. One listener for all: Node would warn of a leak at the eleventh, and a run may have more writes under way. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** @returns what takes the callback back. */
function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  let callbacks = waiting.get(signal);
  if (callbacks === undefined) {
    const all = new Set<() => void>();
    const callAll = (): void => {
      for (const each of all) each();
    };
    signal.addEventListener("abort", callAll, { once: true });
    waiting.set(signal, all);
    callbacks = all;
  }
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

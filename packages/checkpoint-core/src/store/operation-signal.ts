import { AsyncLocalStorage } from "node:async_hooks";
import { refuseUnknown } from "../config/options.js";
import { InvalidOptionsError } from "../errors.js";

/**
 * Tells that an operation is to end: what an AbortSignal does, which takes 4 us to make, and 3 more to listen to. An operation has one of its own, since it may go
 * on for a while when its caller's has aborted.
 */
export class OperationEnd {
  #reason: { readonly error: unknown } | undefined;
  readonly #waiting = new Set<() => void>();

  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  /** What the caller's signal aborted with. */
  get reason(): unknown {
    return this.#reason?.error;
  }

  over(error: unknown): void {
    this.#reason = { error };
    for (const each of this.#waiting) each();
  }

  /** @returns what takes the callback back. */
  whenOver(callback: () => void): () => void {
    if (this.isOver) callback();
    this.#waiting.add(callback);
    return () => void this.#waiting.delete(callback);
  }
}

/** Of the operation that is under way. Not a parameter: every step of every operation would have to hand it on, in both stores. */
const current = new AsyncLocalStorage<OperationEnd | undefined>();

/** When the operation that calls is to end; what it then fails with is not looked at any more. */
export function operationEnd(): OperationEnd | undefined {
  return current.getStore();
}

/**
 * Runs an operation until `signal` aborts: then it rejects with the signal's reason, and begins nothing more (contract C-76).
 *
 * It makes two promises of its own: with `async` and `Promise.race` they were seven, and each takes 1 us where anything in the process uses AsyncLocalStorage, as
 * LangGraph does.
 *
 * @param graceMs so many milliseconds later.
 * @throws InvalidOptionsError when the signal is none.
 */
export function underSignal<T>(signal: AbortSignal | undefined, operation: () => Promise<T>, graceMs = 0): Promise<T> {
  if (signal === undefined) return operation();
  return new Promise((resolve, reject) => {
    // Not by its class: that of another realm (jsdom) is as good.
    if (typeof signal?.addEventListener !== "function") throw new InvalidOptionsError("signal must be an AbortSignal.");
    if (graceMs === 0) signal.throwIfAborted();
    const end = new OperationEnd();
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      end.over(signal.reason);
      reject(signal.reason);
    };
    const forget = whenAborted(signal, () => {
      if (graceMs === 0) stop();
      else timer = setTimeout(stop, graceMs);
    });
    const settled = (): void => {
      forget();
      clearTimeout(timer);
    };
    current.run(end, operation).then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
  });
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

/** Waits for a promise, or until the operation is to end; then it rejects with the reason. */
export function unlessOver<T>(end: OperationEnd | undefined, promise: Promise<T>): Promise<T> {
  if (end === undefined) return promise;
  return new Promise((resolve, reject) => {
    const forget = end.whenOver(() => reject(end.reason));
    void promise.then(resolve, reject).then(forget);
  });
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

import { randomInt } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import { isRunConfig } from "../config/run-config.js";
import { CALL_BITS } from "../format/write-order.js";

/**
 * The writes of one run. When one fails, the run's call rejects; this class decides which promise carries the error to LangGraph.
 *
 * LangGraph before 1.5 does not handle a saver's promises until the superstep (`sync`) or the run (`async`) is over. One that rejects earlier, while a model
 * answers, is an unhandled rejection and ends the process. A saver can prevent that for `putWrites` (see `handled`), but not for `put`. So a write fails with the
 * put that it follows, and a failed put resolves if a write carries the error.
 */
class RunWrites {
  readonly #pending = new Set<Promise<void>>();
  /** Unless it has succeeded. */
  #latestPut: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  /** Resolves without storing a checkpoint if a write tells LangGraph that the run has failed. */
  async put(store: () => Promise<void>): Promise<void> {
    if (this.#isOver) return;
    const storing = store();
    this.#latestPut = storing;
    try {
      await storing;
      if (this.#latestPut === storing) this.#latestPut = undefined;
    } catch (error) {
      // LangGraph calls putWrites for the input in the same turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.allSettled(this.#pending);
      if (this.#failure === undefined) throw error;
      // Later writes would build on what is not stored.
      this.#isOver = true;
    }
  }

  putWrites(store: () => Promise<void>): Promise<void> {
    const write = handled(this.#write(store));
    this.#pending.add(write);
    const forget = (): void => void this.#pending.delete(write);
    write.then(forget, forget);
    return write;
  }

  async #write(store: () => Promise<void>): Promise<void> {
    if (this.#isOver) throw this.#failure?.error;
    try {
      const [latestPut, storing] = [this.#latestPut, store()];
      if (latestPut !== undefined) {
        await Promise.allSettled([latestPut, storing]);
        await latestPut;
      }
      await storing;
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }
}

/** A store that is there takes what a run has done in less; one that is not must not hold up a run that is to end. */
const GRACE_MS = 2_000;

/**
 * For how long a write goes on when its signal has aborted, in milliseconds. That of a run that is ended stores what the run has done: LangGraph hands over what
 * tasks have finished beside the abort, and with durability "exit" everything after it.
 */
export function writeGraceMs(config: RunnableConfig): number {
  return isRunConfig(config) ? GRACE_MS : 0;
}

/** The runs that write through a saver. */
export class WritesByRun {
  readonly #runs = new WeakMap<AbortSignal, { readonly writer: object; readonly writes: RunWrites }>();

  /** `undefined` for a call outside of a run. */
  of(config: RunnableConfig): RunWrites | undefined {
    if (!isRunConfig(config) || config.signal === undefined) return undefined;
    const { signal, writer } = config;
    let run = this.#runs.get(signal);
    // LangGraph makes a signal for each run and subgraph. If it is the caller's, two runs differ by their writers.
    if (run?.writer !== writer) {
      run = { writer, writes: new RunWrites() };
      this.#runs.set(signal, run);
    }
    return run.writes;
  }
}

/**
 * The same promise, marked as handled, as are the promises that its `then` returns. It still rejects.
 *
 * LangGraph 1.4 keeps what `then` returns for the promise of `putWrites` until the superstep is over. Meanwhile, a write that is refused while another task runs
 * would be an unhandled rejection, which ends a Node process.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  const derive = promise.then.bind(promise) as Promise<T>["then"];
  // biome-ignore lint/suspicious/noThenProperty: what `then` returns is the point.
  promise.then = ((onFulfilled, onRejected) => {
    const derived = derive(onFulfilled, onRejected);
    derived.catch(ignore);
    return derived;
  }) as Promise<T>["then"];
  return promise;
}

function ignore(): void {}

const MOST_CALLS = 2n ** CALL_BITS;

/** A random number for this process, in the bits above its count of calls. Positive as Postgres' signed 64-bit integer. */
const newProcess = (): bigint => BigInt(randomInt(1, 2 ** 31)) << CALL_BITS;

/** Numbers calls. Each number contains the process, because calls of two processes have no order but their arrival. */
class Calls {
  #process = newProcess();
  #count = 0n;

  next(): bigint {
    this.#count += 1n;
    if (this.#count === MOST_CALLS) [this.#process, this.#count] = [newProcess(), 1n];
    return this.#process + this.#count;
  }
}

const calls = new Calls();
const copies = new Calls();

/**
 * The number of a call that writes.
 *
 * @param isCopy whether it copies from another saver. Such calls are numbered as if another process made them: a migration on demand copies what precedes the
 *   write that triggered it, although that was called first.
 */
export const nextCall = (isCopy = false): bigint => (isCopy ? copies : calls).next();

import { randomInt } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import { isRunConfig } from "../config/run-config.js";
import { CALL_BITS } from "../format/write-order.js";

/**
 * What one run of a graph writes. Its call rejects when a write fails; here it is decided by which promise LangGraph learns of it.
 *
 * LangGraph before 1.5 leaves promises of the saver alone until the superstep (`sync`) or the run (`async`) is over. One that is rejected meanwhile,
 * while a model answers, is an unhandled rejection and ends the process. No saver can prevent that for `put`, but for `putWrites` (see `handled`).
 * So a write fails with the put that it follows, and a put that fails leaves it at that, where LangGraph has the error from a write.
 */
class RunWrites {
  readonly #pending = new Set<Promise<void>>();
  #latestPut: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  /** Resolves without a checkpoint when LangGraph knows from a write that the run has failed. */
  async put(store: () => Promise<void>): Promise<void> {
    if (this.#isOver) return;
    this.#latestPut = store();
    try {
      await this.#latestPut;
    } catch (error) {
      // LangGraph writes the input in the same turn of the event loop in which it puts it.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.allSettled(this.#pending);
      if (this.#failure === undefined) throw error;
      // What follows would build on what is not there.
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
    for (const outcome of await Promise.allSettled([this.#latestPut, store()])) {
      if (outcome.status === "fulfilled") continue;
      this.#failure ??= { error: outcome.reason };
      throw outcome.reason;
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

  /** `undefined` for a call from outside of a run. */
  of(config: RunnableConfig): RunWrites | undefined {
    if (!isRunConfig(config) || config.signal === undefined) return undefined;
    const { signal, writer } = config;
    let run = this.#runs.get(signal);
    // LangGraph makes a signal for each run and subgraph. Where it is the caller's, two runs differ in their writers.
    if (run?.writer !== writer) {
      run = { writer, writes: new RunWrites() };
      this.#runs.set(signal, run);
    }
    return run.writes;
  }
}

/**
 * The same promise, which nobody has to look at, nor at what `then` makes of it; whoever looks finds it rejected all the same.
 *
 * LangGraph 1.4 keeps what `then` makes of the promise of `putWrites` until the superstep is over. A write that is refused while another task of the
 * superstep is still running would be an unhandled rejection until then, which ends a Node process.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  const derive = promise.then.bind(promise) as Promise<T>["then"];
  // biome-ignore lint/suspicious/noThenProperty: what `then` makes is the point.
  promise.then = ((onFulfilled, onRejected) => {
    const derived = derive(onFulfilled, onRejected);
    derived.catch(ignore);
    return derived;
  }) as Promise<T>["then"];
  return promise;
}

function ignore(): void {}

const MOST_CALLS = 2n ** CALL_BITS;

/** A number of this process, above the number of its calls. Positive as a signed 64-bit integer, as Postgres stores it. */
const newProcess = (): bigint => BigInt(randomInt(1, 2 ** 31)) << CALL_BITS;

/** Numbers calls. The process is a part of each, since calls of two processes can only be told apart by their arrival. */
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
 * @param isCopy it copies from another saver: then as if another process made it. A migration on demand copies what stood there before the write that it is made
 *   for, though that one was called first.
 */
export const nextCall = (isCopy = false): bigint => (isCopy ? copies : calls).next();

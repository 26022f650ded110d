import type { RunnableConfig } from "@langchain/core/runnables";
import { SaverClosedError } from "../errors.js";
import { type HeldThread, heldThreads } from "./held-threads.js";
import type { ThreadLease } from "./lease.js";
import { CHECKPOINTER_KEY, type RunSaver } from "./run-saver.js";

/** The config of a call. */
export type Config = RunnableConfig & { readonly signal?: AbortSignal; readonly version?: string };

/** What a call runs under: its own lease, or that of the run around it. */
export class HeldLease implements HeldThread {
  readonly #config: Config;
  readonly #lease: ThreadLease | undefined;
  readonly #saver: RunSaver | undefined;
  /** The signal whose abort hands the thread over. */
  readonly #handsOver: AbortSignal | undefined;
  #isUnfinished = false;
  isOver = false;

  constructor(
    config: Config,
    signals: readonly AbortSignal[],
    saver?: RunSaver,
    own?: { readonly lease: ThreadLease; readonly handsOver: AbortSignal | undefined },
  ) {
    this.#lease = own?.lease;
    this.#handsOver = own?.handsOver;
    this.#saver = saver;
    const all = [...signals, own?.lease.signal, saver?.failure].filter((signal) => signal !== undefined);
    this.#config = {
      ...config,
      configurable: { ...config.configurable, ...(saver && { [CHECKPOINTER_KEY]: saver }) },
      ...(all.length > 0 && { signal: AbortSignal.any(all) }),
    };
  }

  get token(): string | undefined {
    return this.#lease?.token;
  }

  /** Whether the run around the call takes care of its lease and failures. */
  get isNested(): boolean {
    return this.#lease === undefined && this.#saver === undefined;
  }

  /** Why the run was aborted: the lease was lost, or the saver closed, either of which makes writes fail, too; or only a write failed. */
  get #failure(): unknown {
    const signal = [this.#lease?.signal, this.#saver?.failure].find((each) => each?.aborted);
    return signal?.reason;
  }

  /** What the call is to throw, which has thrown `error`. */
  failedBy(error: unknown): unknown {
    const failure = this.#failure;
    this.#isUnfinished =
      failure === undefined ? isDrained(error) || this.#handsOver?.aborted === true : failure instanceof SaverClosedError;
    return failure ?? error;
  }

  /** A run may seem to succeed although a write failed. Losing the lease after the last write does not matter. */
  throwIfFailed(): void {
    this.#saver?.failure.throwIfAborted();
  }

  /** A run with an idempotency key has come to its end, which its lease notes. An aborted one may only seem to have. */
  async conclude(): Promise<void> {
    const { signal } = this.#config;
    if (this.#lease?.isOfRun !== true || signal?.aborted) return;
    const outcome = await this.#saver?.outcome();
    if (outcome !== undefined) this.#lease.setOutcome(outcome);
  }

  /** Runs work whose nested calls find the lease. */
  run(work: (config: Config) => unknown): unknown {
    const lease = this.#lease;
    if (lease === undefined) return work(this.#config);
    return heldThreads.run(new Map([...(heldThreads.getStore() ?? []), [lease.threadId, this]]), () => work(this.#config));
  }

  /** Forwards a stream, and ends the lease when it ends or fails. */
  async *items(open: () => AsyncIterable<unknown>): AsyncGenerator<unknown> {
    try {
      yield* open();
      this.throwIfFailed();
      await this.conclude();
    } catch (error) {
      throw this.failedBy(error);
    } finally {
      await this.leave();
    }
  }

  async leave(): Promise<void> {
    this.isOver = true;
    // The run is over, and its writes are stored. If the store cannot be reached now, the lease expires.
    const end = this.#isUnfinished ? this.#lease?.handOver() : this.#lease?.release();
    await end?.catch(() => undefined);
  }
}

/** Whether a run was stopped between two steps because its `RunControl` asked for it (LangGraph 1.7). LangGraph tells this error by its name, too. */
function isDrained(error: unknown): boolean {
  return (error as { readonly name?: unknown } | undefined)?.name === "GraphDrained";
}

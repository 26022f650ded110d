import { AsyncLocalStorage } from "node:async_hooks";
import type { RunnableConfig } from "@langchain/core/runnables";
import { IterableReadableStream } from "@langchain/core/utils/stream";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { InvalidOptionsError, MissingThreadIdError } from "./errors.js";
import { type LeaseOptions, resolveLeaseOptions, type ThreadLease } from "./lease.js";
import { leaseToken, withLeaseToken } from "./lease-config.js";
import { CHECKPOINTER_KEY, RunSaver } from "./run-saver.js";
import { parseThreadId } from "./thread-id.js";

/** How `exclusive` takes the lease of a thread. */
export interface ExclusiveOptions extends Pick<LeaseOptions, "ttlMs" | "owner"> {
  /** `"wait"`: run when the thread is free. `"reject"`: fail with a ThreadBusyError. Default `"wait"`. */
  readonly whenBusy?: "wait" | "reject";
  /** With `"wait"`, how long to wait, in milliseconds. Default: until the call's own `signal` aborts. */
  readonly waitMs?: number;
}

/** A saver that has leases. */
export interface LeaseSource extends BaseCheckpointSaver {
  acquireThread(threadId: string, options?: LeaseOptions): Promise<ThreadLease>;
}

/** A compiled graph, as far as `exclusive` needs to know one. */
export interface ExclusiveGraph {
  readonly checkpointer?: unknown;
  invoke(input: never, config?: never): Promise<unknown>;
}

/** The config of a call, with the thread that it names. */
type Config = RunnableConfig & { readonly signal?: AbortSignal };

/** Leases that the calls around this one hold: a node that calls a graph on its own thread must not wait for itself. */
const held = new AsyncLocalStorage<ReadonlyMap<string, ThreadLease>>();

/**
 * A graph whose runs have their thread for themselves: `invoke`, `stream`, `streamEvents`, `batch`, `updateState` and `bulkUpdateState` take the lease of
 * their thread, in whichever process they are called, and give it free when they are done. Reading does not need it. The answer to double-texting,
 * in one line:
 *
 * ```ts
 * const app = exclusive(graph.compile({ checkpointer: saver }));
 * ```
 *
 * @throws InvalidOptionsError when the graph has no Holdfast saver as its checkpointer. The calls of the graph that it returns: ThreadBusyError,
 *   LeaseLostError, and what those of `graph` throw.
 */
export function exclusive<Graph extends ExclusiveGraph>(graph: Graph, options: ExclusiveOptions = {}): Graph {
  const { whenBusy = "wait", waitMs = Number.POSITIVE_INFINITY, ...lease } = options;
  if (whenBusy !== "wait" && whenBusy !== "reject") {
    throw new InvalidOptionsError(`whenBusy is ${String(whenBusy)}. It must be "wait" or "reject".`);
  }
  const saver = graph.checkpointer as LeaseSource | undefined;
  if (typeof saver?.acquireThread !== "function") {
    throw new InvalidOptionsError(
      "exclusive needs a graph that was compiled with a Holdfast saver: graph.compile({ checkpointer: saver }).",
    );
  }
  const leaseOptions = { ...lease, waitMs: whenBusy === "wait" ? waitMs : 0 };
  resolveLeaseOptions(leaseOptions);
  return new Proxy(graph, new ExclusiveCalls<Graph>(saver, leaseOptions, options));
}

type Method = (...args: unknown[]) => unknown;

class ExclusiveCalls<Graph extends ExclusiveGraph> implements ProxyHandler<Graph> {
  readonly #saver: LeaseSource;
  readonly #leaseOptions: LeaseOptions;
  readonly #options: ExclusiveOptions;

  constructor(saver: LeaseSource, leaseOptions: LeaseOptions, options: ExclusiveOptions) {
    this.#saver = saver;
    this.#leaseOptions = leaseOptions;
    this.#options = options;
  }

  get(graph: Graph, property: string | symbol, receiver: unknown): unknown {
    const value: unknown = Reflect.get(graph, property, graph);
    if (typeof value !== "function") return value;
    const call = (...args: unknown[]): unknown => Reflect.apply(value as Method, graph, args);
    switch (property) {
      case "invoke":
        return (input: unknown, config?: Config) => this.#during(config, (changed) => call(input, changed) as Promise<unknown>);
      case "updateState":
      case "bulkUpdateState":
        return (config: Config, ...rest: unknown[]) =>
          this.#during(config, (changed) => call(changed, ...rest) as Promise<unknown>);
      case "stream":
        return async (input: unknown, config?: Config) =>
          this.#stream(config, (changed) => call(input, changed) as Promise<AsyncIterable<unknown>>);
      case "streamEvents":
        return (input: unknown, config?: Config, ...rest: unknown[]) =>
          this.#streamLater(config, (changed) => call(input, changed, ...rest) as AsyncIterable<unknown>);
      case "batch":
        // It calls invoke for each input, with that input's config.
        return (...args: unknown[]): unknown => Reflect.apply(value as Method, receiver, args);
      case "withConfig":
        return (...args: unknown[]): unknown => exclusive(call(...args) as Graph, this.#options);
      default:
        return call;
    }
  }

  /** Runs a call that is over when its promise is settled. */
  async #during<Result>(config: Config | undefined, run: (config: Config) => Promise<Result>): Promise<Result> {
    const lease = await this.#enter(config);
    try {
      const result = await lease.run(() => run(lease.config));
      lease.throwIfFailed();
      return result;
    } catch (error) {
      lease.throwIfFailed();
      throw error;
    } finally {
      await lease.leave();
    }
  }

  /** Runs a call that is over when its stream is. */
  async #stream(
    config: Config | undefined,
    run: (config: Config) => Promise<AsyncIterable<unknown>>,
  ): Promise<AsyncIterable<unknown>> {
    const lease = await this.#enter(config);
    try {
      return lease.stream(await lease.run(() => run(lease.config)));
    } catch (error) {
      await lease.leave();
      lease.throwIfFailed();
      throw error;
    }
  }

  /** The same for a call that gives its stream at once. */
  #streamLater(config: Config | undefined, run: (config: Config) => AsyncIterable<unknown>): AsyncIterable<unknown> {
    const open = async (): Promise<AsyncIterable<unknown>> => this.#stream(config, async (changed) => run(changed));
    return IterableReadableStream.fromAsyncGenerator(
      (async function* () {
        yield* await open();
      })(),
    );
  }

  async #enter(config: Config = {}): Promise<HeldLease> {
    const given: unknown = config.configurable?.thread_id;
    if (given === undefined) throw new MissingThreadIdError("An exclusive run");
    const threadId = parseThreadId(given);
    // A call within a run that has the thread: its config says so, or the place from which it is made.
    if (leaseToken(config, threadId) !== undefined) return new HeldLease(undefined, config);
    const outer = held.getStore()?.get(threadId);
    if (outer !== undefined) return new HeldLease(undefined, withLeaseToken(config, threadId, outer.token));
    const lease = await this.#saver.acquireThread(threadId, {
      ...this.#leaseOptions,
      ...(config.signal && { signal: config.signal }),
    });
    return new HeldLease(lease, config, new RunSaver(this.#saver));
  }
}

/** A lease for the time of one call; or none, within a call that has it. */
class HeldLease {
  readonly config: Config;
  readonly #lease: ThreadLease | undefined;
  readonly #saver: RunSaver | undefined;
  /** Ends the run of a stream that nobody reads any more. */
  readonly #abandoned = new AbortController();

  constructor(lease: ThreadLease | undefined, config: Config, saver?: RunSaver) {
    this.#lease = lease;
    this.#saver = saver;
    if (lease === undefined || saver === undefined) {
      this.config = config;
      return;
    }
    const signals = [config.signal, lease.signal, saver.failure, this.#abandoned.signal].filter((signal) => signal !== undefined);
    const { configurable, ...rest } = withLeaseToken(config, lease.threadId, lease.token);
    this.config = { ...rest, configurable: { ...configurable, [CHECKPOINTER_KEY]: saver }, signal: AbortSignal.any(signals) };
  }

  /** Does work in which nested calls find the lease. */
  run<Result>(work: () => Result): Result {
    if (this.#lease === undefined) return work();
    return held.run(new Map([...(held.getStore() ?? []), [this.#lease.threadId, this.#lease]]), work);
  }

  /** Hands a stream on, and gives the thread free when it ends, fails, is cancelled, or is dropped and collected. */
  stream(stream: AsyncIterable<unknown>): AsyncIterable<unknown> {
    if (this.#lease === undefined) return stream;
    const handed = IterableReadableStream.fromAsyncGenerator(this.#items(stream));
    dropped.register(handed, () => void this.#drop());
    return handed;
  }

  async *#items(stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    let isOver = false;
    try {
      yield* stream;
      isOver = true;
      this.throwIfFailed();
    } catch (error) {
      isOver = true;
      this.throwIfFailed();
      throw error;
    } finally {
      if (isOver) await this.leave();
      else await this.#drop();
    }
  }

  async #drop(): Promise<void> {
    this.#abandoned.abort();
    await this.leave();
  }

  /** A run that was ended because a write failed, or because its lease is lost, fails with that reason. */
  throwIfFailed(): void {
    this.#saver?.failure.throwIfAborted();
    this.#lease?.signal.throwIfAborted();
  }

  async leave(): Promise<void> {
    await this.#lease?.release();
  }
}

const dropped = new FinalizationRegistry<() => void>((end) => end());

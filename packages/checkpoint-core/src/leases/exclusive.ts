import { AsyncLocalStorage } from "node:async_hooks";
import type { UnderlyingSource } from "node:stream/web";
import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { IterableReadableStream } from "@langchain/core/utils/stream";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { parseThreadId } from "../config/ids.js";
import { oneOf } from "../config/options.js";
import { leaseToken, withLeaseToken } from "../config/run-config.js";
import { InvalidOptionsError, MissingThreadIdError } from "../errors.js";
import { type LeaseOptions, resolveLeaseOptions, type ThreadLease } from "./lease.js";
import { CHECKPOINTER_KEY, RunSaver } from "./run-saver.js";

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

/** What `exclusive` needs of a compiled graph. */
export interface ExclusiveGraph {
  readonly checkpointer?: unknown;
  invoke(input: never, config?: never): Promise<unknown>;
}

/** The config of a call. */
type Config = RunnableConfig & { readonly signal?: AbortSignal; readonly version?: string };

/** Leases that the calls around this one hold: a node that calls a graph on its own thread must not wait for itself. */
const held = new AsyncLocalStorage<ReadonlyMap<string, HeldLease>>();

/**
 * A graph that runs one call at a time on each thread, across processes: `invoke`, `stream`, `streamEvents`, `batch`, `updateState` and `bulkUpdateState` take
 * the thread's lease and release it when they end. Reading needs no lease. This answers double-texting in one line:
 *
 * ```ts
 * const app = exclusive(graph.compile({ checkpointer: saver }));
 * ```
 *
 * @throws InvalidOptionsError if the graph was not compiled with a Holdfast saver. The returned graph's calls throw ThreadBusyError, LeaseLostError, and what
 *   those of `graph` throw.
 */
export function exclusive<Graph extends ExclusiveGraph>(graph: Graph, options: ExclusiveOptions = {}): Graph {
  const { whenBusy = "wait", waitMs = Number.POSITIVE_INFINITY, ...lease } = options;
  oneOf("whenBusy", whenBusy, "wait", "reject");
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
        return (input: unknown, config?: Config) => this.#during(graph, config, (changed) => call(input, changed));
      case "updateState":
      case "bulkUpdateState":
        return (config: Config, ...rest: unknown[]) => this.#during(graph, config, (changed) => call(changed, ...rest));
      case "stream":
        return (input: unknown, config?: Config) => this.#stream(graph, config, (changed) => call(input, changed));
      case "streamEvents":
        return (input: unknown, config?: Config, ...rest: unknown[]) => {
          if (config?.version === "v3") return this.#withOwnStream(graph).streamEvents(input, config, ...rest);
          return this.#streamLater(graph, config, (changed) => call(input, changed, ...rest));
        };
      case "batch":
        // It calls invoke for each input, with that input's config.
        return (...args: unknown[]): unknown => Reflect.apply(value as Method, receiver, args);
      case "withConfig":
        return (...args: unknown[]): unknown => exclusive(call(...args) as Graph, this.#options);
      default:
        return call;
    }
  }

  /** A copy of the graph whose `stream` takes the lease: version 3 of `streamEvents` calls it. */
  #withOwnStream(graph: Graph): { streamEvents: Method } {
    const copy = (graph as unknown as { withConfig(config: object): object }).withConfig({});
    return Object.assign(copy as { streamEvents: Method }, { stream: this.get(graph, "stream", graph) });
  }

  /** Runs a call that ends when its promise settles. */
  async #during(graph: Graph, config: Config | undefined, run: (config: Config) => unknown): Promise<unknown> {
    const lease = await this.#enter(graph, config);
    try {
      const result = await lease.run(run);
      lease.throwIfFailed();
      return result;
    } catch (error) {
      throw lease.failure ?? error;
    } finally {
      await lease.leave();
    }
  }

  /** Runs a call that ends with its stream. */
  async #stream(graph: Graph, config: Config | undefined, run: (config: Config) => unknown): Promise<unknown> {
    const left = new AbortController();
    const lease = await this.#enter(graph, config, left.signal);
    if (lease.isNested) return lease.run(run);
    try {
      return streamOf(lease.items((await lease.run(run)) as AsyncIterable<unknown>), left);
    } catch (error) {
      await lease.leave();
      throw lease.failure ?? error;
    }
  }

  /** The same for a call that returns its stream synchronously. */
  #streamLater(graph: Graph, config: Config | undefined, run: (config: Config) => unknown): AsyncIterable<unknown> {
    const left = new AbortController();
    const enter = (): Promise<HeldLease> => this.#enter(graph, config, left.signal);
    const items = async function* (): AsyncGenerator<unknown> {
      const lease = await enter();
      yield* lease.items((await lease.run(run)) as AsyncIterable<unknown>);
    };
    return streamOf(items(), left);
  }

  /** @param left aborts when the reader leaves the call's stream. */
  async #enter(graph: Graph, config: Config = {}, left?: AbortSignal): Promise<HeldLease> {
    // Merged as in LangGraph: the config of the node that calls, of the graph, of the call.
    const configurable = {
      ...AsyncLocalStorageProviderSingleton.getRunnableConfig()?.configurable,
      ...(graph as { readonly config?: RunnableConfig }).config?.configurable,
      ...config.configurable,
    };
    if (configurable.thread_id === undefined) throw new MissingThreadIdError("An exclusive run");
    const threadId = parseThreadId(configurable.thread_id);
    const signals = [config.signal, left].filter((signal) => signal !== undefined);
    // A call within a run that holds the lease, found by where it is made, or by its config.
    const outer = held.getStore()?.get(threadId);
    if (outer?.isOver === false) return new HeldLease(withLeaseToken(config, threadId, outer.token as string), signals);
    const token = leaseToken({ configurable }, threadId);
    if (token !== undefined && token !== outer?.token) {
      const saver = configurable[CHECKPOINTER_KEY] === undefined ? new RunSaver(this.#saver) : undefined;
      return new HeldLease(config, signals, saver);
    }
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    const lease = await this.#saver.acquireThread(threadId, { ...this.#leaseOptions, ...(signal && { signal }) });
    return new HeldLease(withLeaseToken(config, threadId, lease.token), signals, new RunSaver(this.#saver), lease);
  }
}

/** What a call runs under: its own lease, or that of the run around it. */
class HeldLease {
  isOver = false;
  readonly #config: Config;
  readonly #lease: ThreadLease | undefined;
  readonly #saver: RunSaver | undefined;

  constructor(config: Config, signals: readonly AbortSignal[], saver?: RunSaver, lease?: ThreadLease) {
    this.#lease = lease;
    this.#saver = saver;
    const all = [...signals, lease?.signal, saver?.failure].filter((signal) => signal !== undefined);
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

  /** Why the run was aborted: a write failed, or the lease was lost. */
  get failure(): unknown {
    const signal = [this.#saver?.failure, this.#lease?.signal].find((each) => each?.aborted);
    return signal?.reason;
  }

  /** A run may seem to succeed although a write failed. Losing the lease after the last write does not matter. */
  throwIfFailed(): void {
    this.#saver?.failure.throwIfAborted();
  }

  /** Runs work whose nested calls find the lease. */
  run(work: (config: Config) => unknown): unknown {
    if (this.#lease === undefined) return work(this.#config);
    return held.run(new Map([...(held.getStore() ?? []), [this.#lease.threadId, this]]), () => work(this.#config));
  }

  /** Forwards a stream, and releases the lease when it ends or fails. */
  async *items(stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    try {
      yield* stream;
      this.throwIfFailed();
    } catch (error) {
      throw this.failure ?? error;
    } finally {
      await this.leave();
    }
  }

  async leave(): Promise<void> {
    this.isOver = true;
    // The run is over, and its writes are stored. If the store cannot be reached now, the lease expires.
    await this.#lease?.release().catch(() => undefined);
  }
}

/**
 * A stream that buffers items as they come, like LangGraph's, so that a slow reader does not delay the release of the lease. Leaving the stream ends the run,
 * even while the next item is pending.
 */
function streamOf(items: AsyncIterable<unknown>, left: AbortController): AsyncIterable<unknown> {
  const pump = async (controller: ReadableStreamDefaultController<unknown>): Promise<void> => {
    try {
      for await (const item of items) {
        if (left.signal.aborted) return;
        controller.enqueue(item);
      }
      if (!left.signal.aborted) controller.close();
    } catch (error) {
      if (!left.signal.aborted) controller.error(error);
    }
  };
  let ended: Promise<void> | undefined;
  let close = (): void => {};
  const leave = async (): Promise<void> => {
    left.abort();
    await ended;
  };
  return new LeavableStream(
    async () => {
      await leave();
      close();
    },
    {
      start(controller: ReadableStreamDefaultController<unknown>) {
        close = () => controller.close();
        ended = pump(controller);
      },
      cancel: leave,
    },
  );
}

/** Its `cancel` works during a read, as that of LangGraph's streams. */
class LeavableStream extends IterableReadableStream<unknown> {
  readonly #leave: () => Promise<void>;

  constructor(leave: () => Promise<void>, source: UnderlyingSource) {
    super(source);
    this.#leave = leave;
  }

  override cancel(reason?: unknown): Promise<void> {
    return this.locked ? this.#leave() : super.cancel(reason);
  }
}

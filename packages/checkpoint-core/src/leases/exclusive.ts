import type { UnderlyingSource } from "node:stream/web";
import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { IterableReadableStream } from "@langchain/core/utils/stream";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { storedThreadId } from "../config/ids.js";
import { oneOf, refuseUnknown } from "../config/options.js";
import { leaseToken, withLeaseToken } from "../config/run-config.js";
import { InvalidOptionsError, MissingThreadIdError } from "../errors.js";
import { type Config, HeldLease } from "./held-lease.js";
import { heldThreads } from "./held-threads.js";
import { LEASE_OPTIONS, type LeaseOptions, resolveLeaseOptions, type ThreadLease } from "./lease.js";
import { CHECKPOINTER_KEY, RunSaver } from "./run-saver.js";

/** How `exclusive` takes the lease of a thread. */
export interface ExclusiveOptions extends Pick<LeaseOptions, "ttlMs" | "owner"> {
  /**
   * What a call does when another run has the thread. `"wait"`: run after it. `"reject"`: fail with a ThreadBusyError. `"interrupt"`: take the thread from it, which
   * ends it with a LeaseLostError, and go on from what it has committed. `"rollback"`: the same, and remove what it has written before (contract C-99).
   * Default `"wait"`.
   */
  readonly whenBusy?: "wait" | "reject" | "interrupt" | "rollback";
  /** Other than with `"reject"`, how long to wait, in milliseconds. Default: until the call's own `signal` aborts. */
  readonly waitMs?: number;
  /**
   * What becomes of the thread when the call's own `signal` aborts its run. `"release"`: it is free, and nobody goes on with the run. `"handOver"`: it counts as
   * abandoned, and `resumeAbandoned` goes on with it. Default `"release"`: such a signal mostly says that nobody wants the run any more. A run that is drained
   * (LangGraph's `RunControl`), or that `saver.end()` ends, is handed over in any case.
   */
  readonly onAbort?: "release" | "handOver";
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
  refuseUnknown("exclusive", options, [...LEASE_OPTIONS, "whenBusy", "waitMs", "onAbort"]);
  const { whenBusy = "wait", waitMs = Number.POSITIVE_INFINITY, onAbort = "release", ...lease } = options;
  oneOf("whenBusy", whenBusy, "wait", "reject", "interrupt", "rollback");
  oneOf("onAbort", onAbort, "release", "handOver");
  const saver = graph.checkpointer as LeaseSource | undefined;
  if (typeof saver?.acquireThread !== "function") {
    throw new InvalidOptionsError(
      "exclusive needs a graph that was compiled with a Holdfast saver: graph.compile({ checkpointer: saver }).",
    );
  }
  const leaseOptions: LeaseOptions = whenBusy === "reject" ? { ...lease, waitMs: 0 } : { ...lease, waitMs, whenBusy };
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
        return (config: Config, ...rest: unknown[]) =>
          this.#during(graph, config, (changed) => call(changed, ...rest), "release");
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
  async #during(
    graph: Graph,
    config: Config | undefined,
    run: (config: Config) => unknown,
    onAbort = this.#options.onAbort,
  ): Promise<unknown> {
    const lease = await this.#enter(graph, config, onAbort);
    try {
      const result = await lease.run(run);
      lease.throwIfFailed();
      return result;
    } catch (error) {
      throw lease.failedBy(error);
    } finally {
      await lease.leave();
    }
  }

  /** Runs a call that ends with its stream. */
  async #stream(graph: Graph, config: Config | undefined, run: (config: Config) => unknown): Promise<unknown> {
    const left = new AbortController();
    const lease = await this.#enter(graph, config, this.#options.onAbort, left.signal);
    if (lease.isNested) return lease.run(run);
    try {
      const stream = (await lease.run(run)) as AsyncIterable<unknown>;
      return streamOf(
        lease.items(() => stream),
        left,
      );
    } catch (error) {
      const failure = lease.failedBy(error);
      await lease.leave();
      throw failure;
    }
  }

  /** The same for a call that returns its stream synchronously. */
  #streamLater(graph: Graph, config: Config | undefined, run: (config: Config) => unknown): AsyncIterable<unknown> {
    const left = new AbortController();
    const enter = (): Promise<HeldLease> => this.#enter(graph, config, this.#options.onAbort, left.signal);
    const items = async function* (): AsyncGenerator<unknown> {
      const lease = await enter();
      yield* lease.items(() => lease.run(run) as AsyncIterable<unknown>);
    };
    return streamOf(items(), left);
  }

  /** @param left aborts when the reader leaves the call's stream. */
  async #enter(graph: Graph, config: Config = {}, onAbort: ExclusiveOptions["onAbort"], left?: AbortSignal): Promise<HeldLease> {
    // Merged as in LangGraph: the config of the node that calls, of the graph, of the call.
    const configurable = {
      ...AsyncLocalStorageProviderSingleton.getRunnableConfig()?.configurable,
      ...(graph as { readonly config?: RunnableConfig }).config?.configurable,
      ...config.configurable,
    };
    if (configurable.thread_id === undefined) throw new MissingThreadIdError("An exclusive run");
    const threadId = storedThreadId(configurable.thread_id);
    const signals = [config.signal, left].filter((signal) => signal !== undefined);
    // A call within a run that holds the lease, found by where it is made, or by its config.
    const outer = heldThreads.getStore()?.get(threadId);
    if (outer?.isOver === false) return new HeldLease(withLeaseToken(config, threadId, outer.token as string), signals);
    const token = leaseToken({ configurable }, threadId);
    if (token !== undefined && token !== outer?.token) {
      const saver = configurable[CHECKPOINTER_KEY] === undefined ? new RunSaver(this.#saver) : undefined;
      return new HeldLease(config, signals, saver);
    }
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    const lease = await this.#saver.acquireThread(threadId, { ...this.#leaseOptions, ...(signal && { signal }) });
    const own = { lease, handsOver: onAbort === "handOver" ? config.signal : undefined };
    return new HeldLease(withLeaseToken(config, threadId, lease.token), signals, new RunSaver(this.#saver), own);
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

import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { storedThreadId } from "../config/ids.js";
import { oneOf, refuseUnknown } from "../config/options.js";
import { leaseToken, withLeaseToken } from "../config/run-config.js";
import { InvalidOptionsError, MissingThreadIdError } from "../errors.js";
import { type Config, HeldLease } from "./held-lease.js";
import { heldThreads } from "./held-threads.js";
import { beginIdempotent, isUnfinished } from "./idempotent-runs.js";
import { streamOf } from "./leavable-stream.js";
import { LEASE_OPTIONS, type LeaseOptions, resolveLeaseOptions, type ThreadLease } from "./lease.js";
import { type IdempotencyRule, idempotencyKey, resolveIdempotency } from "./run-key.js";
import { atHead, asRunOf } from "./resumed-config.js";
import { eventsOf, type Form, invoked, type ReadableGraph, type RunResult, streamed } from "./run-result.js";
import { CHECKPOINTER_KEY, RunSaver } from "./run-saver.js";
import { RUNS, type Runs } from "./runs.js";
import { inputDigest } from "./input-digest.js";

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
  /**
   * The key of `configurable` that identifies what a run answers: the id of a message, of a webhook's delivery. On one thread, a call with the same value again, in
   * any process, runs nothing twice: it returns what the first run came to (it finished, or stopped at an interrupt), waits for it, or finishes what a crash has left
   * of it (contract C-100). A call without a value is a run like any other. Default: none.
   */
  readonly idempotencyKey?: string;
  /** How long what a run came to is kept, in milliseconds. Default: as long as its thread. */
  readonly idempotencyTtlMs?: number;
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
 * @throws InvalidOptionsError if the graph was not compiled with a Holdfast saver. The returned graph's calls throw ThreadBusyError, LeaseLostError, with
 *   `idempotencyKey` also IdempotencyKeyReusedError and InvalidConfigError (a key that is empty or malformed), and what those of `graph` throw.
 */
export function exclusive<Graph extends ExclusiveGraph>(graph: Graph, options: ExclusiveOptions = {}): Graph {
  refuseUnknown("exclusive", options, [...LEASE_OPTIONS, "whenBusy", "waitMs", "onAbort", "idempotencyKey", "idempotencyTtlMs"]);
  const { whenBusy = "wait", waitMs = Number.POSITIVE_INFINITY, onAbort = "release", ttlMs, owner } = options;
  oneOf("whenBusy", whenBusy, "wait", "reject", "interrupt", "rollback");
  oneOf("onAbort", onAbort, "release", "handOver");
  const rule = resolveIdempotency(options.idempotencyKey, options.idempotencyTtlMs);
  const saver = graph.checkpointer as LeaseSource | undefined;
  if (typeof saver?.acquireThread !== "function") {
    throw new InvalidOptionsError(
      "exclusive needs a graph that was compiled with a Holdfast saver: graph.compile({ checkpointer: saver }).",
    );
  }
  if (rule !== undefined && (runsOf(saver) === undefined || typeof (graph as { getState?: unknown }).getState !== "function")) {
    throw new InvalidOptionsError("idempotencyKey needs a graph of LangGraph that was compiled with a Holdfast saver.");
  }
  const lease = { ...(ttlMs !== undefined && { ttlMs }), ...(owner !== undefined && { owner }) };
  const leaseOptions: LeaseOptions = whenBusy === "reject" ? { ...lease, waitMs: 0 } : { ...lease, waitMs, whenBusy };
  resolveLeaseOptions(leaseOptions);
  return new Proxy(graph, new ExclusiveCalls<Graph>(saver, leaseOptions, options, rule));
}

function runsOf(saver: LeaseSource): Runs | undefined {
  return (saver as { readonly [RUNS]?: Runs })[RUNS];
}

type Method = (...args: unknown[]) => unknown;

/** A call that takes the lease of its thread. */
interface Call<Graph> {
  readonly graph: Graph;
  readonly config: Config | undefined;
  /** With the input of the caller, or null where it goes on with a run that was left. */
  readonly work: (config: Config, input: unknown) => unknown;
  /** Of a run. An update of the state has none. */
  readonly run?: { readonly input: unknown; readonly repeat: (result: RunResult) => unknown };
  readonly onAbort: ExclusiveOptions["onAbort"];
  /** Aborts when the reader leaves the call's stream. */
  readonly left?: AbortSignal;
}

/** The lease that a call runs under, and its input; or what it came to when it came before. */
type Entered =
  | { readonly lease: HeldLease; readonly input: unknown; readonly repeated?: undefined }
  | { readonly repeated: RunResult };

class ExclusiveCalls<Graph extends ExclusiveGraph> implements ProxyHandler<Graph> {
  readonly #saver: LeaseSource;
  readonly #leaseOptions: LeaseOptions;
  readonly #options: ExclusiveOptions;
  readonly #rule: IdempotencyRule | undefined;

  constructor(saver: LeaseSource, leaseOptions: LeaseOptions, options: ExclusiveOptions, rule: IdempotencyRule | undefined) {
    this.#saver = saver;
    this.#leaseOptions = leaseOptions;
    this.#options = options;
    this.#rule = rule;
  }

  get(graph: Graph, property: string | symbol, receiver: unknown): unknown {
    const value: unknown = Reflect.get(graph, property, graph);
    if (typeof value !== "function") return value;
    const call = (...args: unknown[]): unknown => Reflect.apply(value as Method, graph, args);
    const { onAbort } = this.#options;
    const readable = graph as unknown as ReadableGraph;
    switch (property) {
      case "invoke":
        return (input: unknown, config?: Config) => {
          const run = { input, repeat: (result: RunResult) => invoked(readable, result, config as Form) };
          return this.#during({ graph, config, work: (changed, given) => call(given, changed), run, onAbort });
        };
      case "updateState":
      case "bulkUpdateState":
        return (config: Config, ...rest: unknown[]) =>
          this.#during({ graph, config, work: (changed) => call(changed, ...rest), onAbort: "release" });
      case "stream":
        return (input: unknown, config?: Config) => {
          const run = { input, repeat: (result: RunResult) => streamed(readable, result, config as Form) };
          return this.#stream({ graph, config, work: (changed, given) => call(given, changed), run, onAbort });
        };
      case "streamEvents":
        return (input: unknown, config?: Config, ...rest: unknown[]) => {
          if (config?.version === "v3") return this.#withOwnStream(graph).streamEvents(input, config, ...rest);
          const run = {
            input,
            repeat: (result: RunResult) => eventsOf(invoked(readable, result, undefined), config ?? {}, rest),
          };
          return this.#streamLater({ graph, config, work: (changed, given) => call(given, changed, ...rest), run, onAbort });
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
  async #during(call: Call<Graph>): Promise<unknown> {
    const entered = await this.#enter(call);
    return entered.repeated === undefined ? runUnder(entered.lease, call, entered.input) : call.run?.repeat(entered.repeated);
  }

  /** Runs a call that ends with its stream. */
  async #stream(call: Call<Graph>): Promise<unknown> {
    const left = new AbortController();
    const entered = await this.#enter({ ...call, left: left.signal });
    if (entered.repeated !== undefined) return streamOf(eachOf(call.run?.repeat(entered.repeated)), left);
    const { lease, input } = entered;
    const work = (config: Config): unknown => call.work(config, input);
    if (lease.isNested) return lease.run(work);
    try {
      const stream = (await lease.run(work)) as AsyncIterable<unknown>;
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
  #streamLater(call: Call<Graph>): AsyncIterable<unknown> {
    const left = new AbortController();
    const enter = (): Promise<Entered> => this.#enter({ ...call, left: left.signal });
    const items = async function* (): AsyncGenerator<unknown> {
      const entered = await enter();
      if (entered.repeated !== undefined) return yield* eachOf(call.run?.repeat(entered.repeated));
      const { lease, input } = entered;
      yield* lease.items(() => lease.run((config) => call.work(config, input)) as AsyncIterable<unknown>);
    };
    return streamOf(items(), left);
  }

  async #enter(call: Call<Graph>): Promise<Entered> {
    const { graph, config = {}, run } = call;
    const own = { ...(graph as { readonly config?: RunnableConfig }).config?.configurable, ...config.configurable };
    // Merged as in LangGraph: the config of the node that calls, of the graph, of the call.
    const configurable = { ...AsyncLocalStorageProviderSingleton.getRunnableConfig()?.configurable, ...own };
    if (configurable.thread_id === undefined) throw new MissingThreadIdError("An exclusive run");
    const threadId = storedThreadId(configurable.thread_id);
    const signals = [config.signal, call.left].filter((signal) => signal !== undefined);
    const input = run?.input;
    // A call within a run that holds the lease, found by where it is made, or by its config.
    const outer = heldThreads.getStore()?.get(threadId);
    if (outer?.isOver === false)
      return { lease: new HeldLease(withLeaseToken(config, threadId, outer.token as string), signals), input };
    const token = leaseToken({ configurable }, threadId);
    if (token !== undefined && token !== outer?.token) {
      const saver = configurable[CHECKPOINTER_KEY] === undefined ? new RunSaver(this.#saver) : undefined;
      return { lease: new HeldLease(config, signals, saver), input };
    }
    // A node's key is not that of the runs which it begins on other threads; LangGraph makes subgraphs of them, unless they say otherwise.
    const isKeyed = this.#rule !== undefined && run !== undefined && !configurable.checkpoint_ns;
    const key = isKeyed ? idempotencyKey(this.#rule, own) : undefined;
    if (key !== undefined) return this.#enterIdempotent(call, threadId, key, signals);
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    const lease = await this.#saver.acquireThread(threadId, { ...this.#leaseOptions, ...(signal && { signal }) });
    return { lease: this.#held(call, config, lease, signals), input };
  }

  #held({ onAbort }: Call<Graph>, config: Config, lease: ThreadLease, signals: readonly AbortSignal[]): HeldLease {
    const saver = new RunSaver(this.#saver, lease.isOfRun ? lease.threadId : undefined);
    const own = { lease, handsOver: onAbort === "handOver" ? config.signal : undefined };
    return new HeldLease(withLeaseToken(config, lease.threadId, lease.token), signals, saver, own);
  }

  async #enterIdempotent(call: Call<Graph>, threadId: string, key: string, signals: readonly AbortSignal[]): Promise<Entered> {
    const { config = {} } = call;
    const input = call.run?.input;
    const stage = {
      graph: call.graph as unknown as ReadableGraph,
      saver: this.#saver,
      runs: runsOf(this.#saver) as Runs,
      threadId,
    };
    const signal = signals.length > 0 ? { signal: AbortSignal.any([...signals]) } : {};
    const begun = await beginIdempotent({
      ...stage,
      run: { key, input: inputDigest(input), ttlMs: this.#rule?.ttlMs, signal: signal.signal },
      leaseOptions: { ...this.#leaseOptions, ...signal },
      patienceMs: this.#options.waitMs ?? Number.POSITIVE_INFINITY,
      finish: async (lease, unfinished) => {
        if (!(await isUnfinished(stage, lease, unfinished))) return;
        const changed = { ...asRunOf(config, this.#rule?.name as string, unfinished), ...signal };
        const held = this.#held({ ...call, onAbort: "handOver" }, changed, lease, signals);
        const work = (given: Config): unknown => call.graph.invoke(null as never, given as never);
        // A run that fails is left to its caller.
        await runUnder(held, { ...call, work }, null).catch(() => signal.signal?.throwIfAborted());
      },
    });
    if (begun.kind === "repeated") return { repeated: begun.result };
    const isLeft = begun.kind === "left";
    return { lease: this.#held(call, isLeft ? atHead(config) : config, begun.lease, signals), input: isLeft ? null : input };
  }
}

/** Runs a call that ends when its promise settles. */
async function runUnder<Graph>(lease: HeldLease, { work }: Call<Graph>, input: unknown): Promise<unknown> {
  try {
    const result = await lease.run((config) => work(config, input));
    lease.throwIfFailed();
    await lease.conclude();
    return result;
  } catch (error) {
    throw lease.failedBy(error);
  } finally {
    await lease.leave();
  }
}

async function* eachOf(items: unknown): AsyncGenerator<unknown> {
  yield* items as AsyncIterable<unknown>;
}

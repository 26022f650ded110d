import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import {
  type AbandonedThread,
  type AbandonedThreadsOptions,
  abandonedThreads,
  hasUnfinishedWork,
} from "../leases/abandoned-threads.js";
import type { LeaseOptions, ThreadLease } from "../leases/lease.js";
import { type LeaseHolder, Leases } from "../leases/leases.js";
import { RUNS, type Runs } from "../leases/runs.js";
import { ON_DEMAND_MIGRATION, OnDemandMigration } from "../migration/on-demand-migration.js";
import { STORE } from "../migration/thread-history.js";
import { STORE_ALONE } from "../migration/thread-source.js";
import type { PrunePolicy, PruneReport } from "../retention/prune.js";
import { type Retention, type SweepOptions, type SweepReport, sweep } from "../retention/sweep.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { Events } from "../store/events.js";
import { eachUnderSignal, type OperationOptions, underOptions, underSignal } from "../store/operation-signal.js";
import type { StoredThread, StoreStats } from "../store/thread-store.js";
import { type SaverContext, type SaverSettings, type StoreContext, saverContext, storeContext } from "./context.js";
import { copyThread } from "./copy-thread.js";
import { type DeleteThreadOptions, deleteThread } from "./delete-thread.js";
import { end } from "./end.js";
import { getDeltaChannelHistory } from "./get-delta-channel-history.js";
import { getTuple } from "./get-tuple.js";
import { type ListOptions, list, viewOf } from "./list.js";
import { type ListThreadsOptions, listThreads, type ThreadInfo } from "./list-threads.js";
import { acquireThread, type RevokeLeaseOptions, revokeLease } from "./leases.js";
import { observe } from "./observe.js";
import { SAVER_BRAND } from "./pin-checkpointer.js";
import { type DeleteForRunsOptions, deleteForRuns, type IdleThreads, prune } from "./prune.js";
import { put } from "./put.js";
import { putWrites } from "./put-writes.js";
import { runsOf } from "./runs.js";
import { setLabels } from "./set-labels.js";
import { stats } from "./stats.js";
import { verify } from "./verify.js";
import type { VerifyOptions, VerifyReport } from "./verify-report.js";

/**
 * The base of all Holdfast savers. It checks its arguments, serializes values at the call, and leaves the rest to a store. `docs/reference/contract.md` has the
 * promises, rule by rule.
 *
 * Longer than 300 lines: most of them are what an editor shows of the methods of one class.
 */
export abstract class HoldfastSaver extends BaseCheckpointSaver {
  readonly #context: SaverContext;
  readonly #leases: Leases;
  readonly #retention: Retention | undefined;
  /** @internal */
  readonly [SAVER_BRAND] = true;
  /** @internal */
  readonly [STORE]: CheckpointStore;
  /** @internal */
  readonly [RUNS]: Runs;
  /** @internal */
  readonly [ON_DEMAND_MIGRATION]: OnDemandMigration | undefined;

  protected constructor(store: CheckpointStore, serde: SerializerProtocol, settings: SaverSettings) {
    super(serde);
    this[STORE] = store;
    this.#leases = new Leases(store, settings.events, settings.maxLeaseTtlMs);
    this[RUNS] = runsOf(store, this.#leases);
    this.#retention = settings.retention;
    const here = storeContext(store, serde, settings);
    this[ON_DEMAND_MIGRATION] = this.#onDemandMigrationFrom(here, serde, settings);
    this.#context = saverContext(here, this[ON_DEMAND_MIGRATION] ?? STORE_ALONE, settings);
    observe(this, settings.events);
  }

  #onDemandMigrationFrom(
    here: StoreContext,
    serde: SerializerProtocol,
    { fallback, ...settings }: SaverSettings,
  ): OnDemandMigration | undefined {
    if (fallback === undefined) return undefined;
    return new OnDemandMigration(fallback, {
      store: here.store,
      here: new SaverWithoutFallback(here.store.forMigrations(), serde, {
        ...settings,
        cacheBytes: Math.min(settings.cacheBytes, MAX_MIGRATION_CACHE_BYTES),
        events: new Events(),
      }),
    });
  }

  /**
   * Closes what the saver opened, and nothing that it was given. Operations that wait for a retry fail with their last error; later ones fail with a
   * SaverClosedError. Leases that are held are handed over, so that others need not wait for their end (contract C-83).
   *
   * @param options.drainMs how long to wait, in milliseconds, for holders of leases, `exclusive` runs above all. Meanwhile only their runs get further leases.
   *   What is still held then is aborted, with a SaverClosedError as the reason. Default 0.
   * @throws InvalidOptionsError
   */
  end(options?: { readonly drainMs?: number }): Promise<void> {
    return end(this.#context, this.#leases, options);
  }

  /**
   * Asks the server for an answer: for readiness probes. It takes one round trip, and gives up after some 5 seconds.
   *
   * @throws InvalidOptionsError, StoreUnavailableError, StoreFailureError, SaverClosedError
   */
  ping(options?: OperationOptions): Promise<void> {
    return underOptions("ping", options, () => this.#context.store.ping());
  }

  /**
   * The checkpoint that `config` names, or the one committed last in its thread and namespace.
   *
   * @returns `undefined` if there is none, or if `config` names no thread.
   * @throws MissingThreadIdError if a run without a thread asks; InvalidThreadIdError, InvalidConfigError, DeserializationError, StoreUnavailableError, SetupRequiredError
   */
  override getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return underSignal(config?.signal, () => getTuple(this.#context, config));
  }

  /**
   * Checkpoints, newest committed first, read a page at a time.
   *
   * @param options.limit the most checkpoints to list. `options.before`: only those committed before the checkpoint of this config. `options.filter`: keys of
   *   the metadata and their values. `options.labels`: labels and their values.
   * @throws InvalidThreadIdError, InvalidConfigError, InvalidMetadataError (filter), InvalidOptionsError (labels), DeserializationError,
   *   StoreUnavailableError
   */
  override list(config: RunnableConfig, options: ListOptions = {}): AsyncGenerator<CheckpointTuple> {
    return eachUnderSignal(config?.signal, list(this.#context, config, options));
  }

  /**
   * Stores a checkpoint atomically. May safely be repeated. See rules C-30 to C-38 of the contract.
   *
   * @param newVersions the channels that changed; the others carry over from the parent, `config.configurable.checkpoint_id`.
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidConfigError, InvalidMetadataError, SerializationError, ValueTooLargeError,
   *   ThreadBusyError, LeaseLostError, ConcurrentUpdateError, ThreadDeletedError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    return put(this.#context, config, checkpoint, metadata, newVersions);
  }

  /**
   * Stores a task's writes atomically. The checkpoint need not exist yet. See rules C-40 to C-43 of the contract.
   *
   * @param taskPath the task's place in the graph, which orders its writes (contract C-42). LangGraph 1.5 and later pass it; `""` is a path, too.
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidConfigError, SerializationError, ValueTooLargeError, ThreadBusyError, LeaseLostError,
   *   ThreadDeletedError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    return putWrites(this.#context, config, writes, taskId, taskPath);
  }

  /**
   * Deletes all checkpoints, writes and values of a thread, in all namespaces, in one step. Later writes of a run in progress are refused with
   * ThreadDeletedError (contract C-51).
   *
   * @throws MissingThreadIdError, InvalidThreadIdError, ThreadBusyError, LeaseLostError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override deleteThread(threadId: string, options: DeleteThreadOptions = {}): Promise<void> {
    return underSignal(options?.signal, () => deleteThread(this.#context, threadId, options));
  }

  /**
   * Acquires the lease of a thread: until it is released or lost, nobody else can write to the thread, in any process.
   *
   * ```ts
   * await using lease = await saver.acquireThread("user-1", { waitMs: 10_000 });
   * await graph.invoke(input, { ...lease.config, signal: lease.signal });
   * ```
   *
   * @throws ThreadBusyError if another holder has it for longer than `waitMs`; MissingThreadIdError, InvalidThreadIdError, InvalidOptionsError,
   *   StoreUnavailableError, StoreFailureError, SetupRequiredError; the reason of `signal` if it aborts.
   */
  acquireThread(threadId: string, options?: LeaseOptions): Promise<ThreadLease> {
    return acquireThread(this.#context.store, this.#leases, threadId, options);
  }

  /**
   * For operators: ends the lease of a thread, or frees one that was abandoned. Its holder cannot write any more, and learns the reason. The thread is free, and nobody
   * resumes the run (contract C-98).
   *
   * @returns whose lease it was; `undefined` when there was none.
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidOptionsError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  revokeLease(threadId: string, options: RevokeLeaseOptions): Promise<LeaseHolder | undefined> {
    return underSignal(options?.signal, () => revokeLease(this.#context.store, this.#leases, threadId, options));
  }

  /**
   * Threads whose lease ended without a release, because their holder crashed or stalled. Each goes to one caller, under a new lease; release it when you are
   * done with the thread, whatever the outcome. A thread that waits for a human, or has no unfinished work, is not abandoned.
   *
   * @param options.olderThanMs how long ago the lease must have ended, in milliseconds. Default 0. `options.limit`: the most threads to list. Default: all.
   *   Others as for {@link acquireThread}.
   * @throws InvalidOptionsError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  abandonedThreads(options?: AbandonedThreadsOptions): AsyncGenerator<AbandonedThread> {
    return abandonedThreads(this.#context.store, this.#leases, viewOf(this.#context), options);
  }

  /**
   * Removes checkpoints that nothing needs any more, and frees values that nothing else refers to (contract C-52, C-53). What an interrupt, a delta channel or a
   * subgraph needs stays. Leased threads are skipped and reported.
   *
   * ```ts
   * await saver.prune(["user-1"], { keepLast: 10 });
   * await saver.prune({ olderThan: 30 * 24 * 60 * 60 * 1000 }, { strategy: "delete" });
   * ```
   *
   * @param threads ids, or all threads that were not written to for `olderThan` milliseconds.
   * @throws InvalidOptionsError, InvalidThreadIdError, ThreadNotFoundError (nothing was done), LeaseLostError, StoreUnavailableError,
   *   StoreFailureError, SetupRequiredError
   */
  prune(threads: readonly string[] | IdleThreads, policy?: PrunePolicy): Promise<PruneReport> {
    return underSignal(policy?.signal, () => prune(this.#context, threads, policy));
  }

  /**
   * Removes runs from their threads, so that each thread is as it was before them (contract C-55): their checkpoints, and their writes to checkpoints at the end
   * of a branch. The label `run_id`, from `config.metadata` or `config.configurable`, identifies a run. What delta channels of later checkpoints need is hidden
   * instead.
   *
   * @throws InvalidOptionsError, InvalidThreadIdError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  deleteForRuns(runIds: readonly string[], options: DeleteForRunsOptions = {}): Promise<PruneReport> {
    return underSignal(options?.signal, () => deleteForRuns(this.#context, runIds, options));
  }

  /**
   * Copies a thread as it is at this moment, with all its checkpoints, pending writes and labels, to a new id (contract C-58). The copy shares nothing with the
   * original: either can be deleted.
   *
   * @throws MissingThreadIdError, InvalidThreadIdError, ThreadNotFoundError, ThreadExistsError, ThreadBusyError (the thread is being migrated from another
   *   saver), StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  copyThread(
    sourceThreadId: string,
    targetThreadId: string,
    options?: OperationOptions,
  ): Promise<{ readonly checkpoints: number }> {
    return underOptions("copyThread", options, () => copyThread(this.#context, sourceThreadId, targetThreadId));
  }

  /**
   * The threads of the store, the last written first, read a page at a time (contract C-26).
   *
   * ```ts
   * for await (const thread of saver.listThreads({ prefix: "tenant:acme/", limit: 20 })) console.log(thread.threadId, thread.isWaiting);
   * ```
   *
   * @throws InvalidOptionsError, StoreUnavailableError, SetupRequiredError
   */
  listThreads(options?: ListThreadsOptions): AsyncGenerator<ThreadInfo> {
    const view = viewOf(this.#context);
    const threads = listThreads(this.#context, options, (id) => hasUnfinishedWork(view, id));
    return eachUnderSignal(options?.signal, threads);
  }

  /**
   * Gives a thread labels, or takes them away (`null`), without counting as a write to it. What its next run says of itself counts again (contract C-39).
   *
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidOptionsError, ThreadNotFoundError, StoreUnavailableError, SetupRequiredError
   */
  setLabels(threadId: string, labels: Readonly<Record<string, string | null>>, options?: OperationOptions): Promise<void> {
    return underOptions("setLabels", options, () => setLabels(this.#context, threadId, labels));
  }

  /**
   * How much is stored, for one thread or in total (contract C-28).
   *
   * @throws InvalidThreadIdError, ThreadNotFoundError, StoreUnavailableError, SetupRequiredError
   */
  stats(threadId?: undefined, options?: OperationOptions): Promise<StoreStats>;
  stats(threadId: string, options?: OperationOptions): Promise<StoredThread>;
  stats(threadId?: string, options?: OperationOptions): Promise<StoreStats | StoredThread> {
    return underOptions("stats", options, () => stats(this.#context.store, threadId));
  }

  /**
   * Reads all that is stored, of one thread or of all, and says what is damaged or missing (contract C-29). It changes nothing and may run beside running graphs.
   * It costs about what `list` costs that reads all of it.
   *
   * ```ts
   * const { problems, problemCount } = await saver.verify();
   * for (const { kind, threadId, checkpointId, message } of problems) console.error(kind, threadId, checkpointId, message);
   * ```
   *
   * @throws InvalidThreadIdError, InvalidOptionsError, ThreadNotFoundError, StoreUnavailableError, SetupRequiredError; the reason of `signal` when it aborts.
   */
  verify(threadId?: string, options?: VerifyOptions): Promise<VerifyReport> {
    return underSignal(options?.signal, () => verify(this.#context, threadId, options));
  }

  /**
   * Applies the option `retention` to all threads: deletes idle ones, and prunes the others. One sweeper works at a time, across processes, and the next one
   * continues an interrupted sweep (contract C-56). Call it regularly, from any replica.
   *
   * @throws InvalidOptionsError, also if the saver has no `retention`; StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  sweep(options?: SweepOptions): Promise<SweepReport> {
    return sweep(this.#context.store, this.#retention, options);
  }

  /**
   * What delta channels are rebuilt from: by channel, the writes of all ancestors, oldest first, and the value at the nearest one that has one. One round trip,
   * however many ancestors.
   *
   * @throws InvalidThreadIdError, InvalidConfigError, DeserializationError, StoreUnavailableError, SetupRequiredError
   */
  override getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    return underSignal(options.config?.signal, () => getDeltaChannelHistory(this.#context, options));
  }
}

/** A migration only needs the previous checkpoint. */
const MAX_MIGRATION_CACHE_BYTES = 8 * 1024 * 1024;

/** The store alone, for migrations. */
class SaverWithoutFallback extends HoldfastSaver {}

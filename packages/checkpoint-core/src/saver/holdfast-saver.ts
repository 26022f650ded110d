import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  isDeltaSnapshot,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import {
  type CheckpointRef,
  checkpointRef,
  configOf,
  namespaceRef,
  optionalCheckpointId,
  optionalNamespace,
  optionalThreadId,
  requiredId,
  taskPathArgument,
  threadIdArgument,
} from "../config/checkpoint-ref.js";
import { expectedHead, isCopied, markRead } from "../config/head-marker.js";
import { type LabelNames, type Labels, labelsOf, resolveLabels } from "../config/labels.js";
import { encodeMetadata, metadataConditions } from "../config/metadata.js";
import { isRunConfig } from "../config/run-config.js";
import {
  InvalidConfigError,
  InvalidOptionsError,
  MissingThreadIdError,
  ThreadExistsError,
  ThreadNotFoundError,
} from "../errors.js";
import { writeIndex } from "../format/pending-writes.js";
import { headerOf } from "../format/record.js";
import { nextCall, nextCopyCall } from "../format/write-order.js";
import {
  type AbandonedThread,
  type AbandonedThreadsOptions,
  abandonedThreads,
  hasUnfinishedWork,
  resolveAbandonedOptions,
  type ThreadView,
} from "../leases/abandoned-threads.js";
import { type LeaseOptions, Leases, resolveLeaseOptions, type ThreadLease } from "../leases/lease.js";
import { leaseToken } from "../leases/lease-config.js";
import { markerId } from "../migration/marker.js";
import { beingMigrated, ON_DEMAND_MIGRATION, OnDemandMigration } from "../migration/on-demand-migration.js";
import { STORE_ALONE, type ThreadSource } from "../migration/thread-source.js";
import {
  addReports,
  NOTHING_PRUNED,
  type PrunePolicy,
  type PruneReport,
  pruneThreads,
  refuseUnknown,
  removeRuns,
  requireThreads,
  resolveDryRun,
  resolvePrunePolicy,
} from "../retention/prune.js";
import { type Retention, resolveSweepOptions, type SweepOptions, type SweepReport, sweep } from "../retention/sweep.js";
import type { CheckpointStore, ThreadGuard } from "../store/checkpoint-store.js";
import { refusalError } from "../store/refusal.js";
import type { CopyOutcome, StoredThread, StoreStats, ThreadSelection } from "../store/thread-store.js";
import { CheckpointCache } from "./cache.js";
import { type SizeLimits, serializeChanged, ValueSerializer } from "./channel-updates.js";
import { handled } from "./handled.js";
import { lineageOf } from "./lineage.js";
import { type ListThreadsOptions, listThreads, resolveListThreads, type ThreadInfo } from "./list-threads.js";
import { CheckpointReader } from "./reader.js";
import { WritesByRun } from "./run-writes.js";
import { SAVER_BRAND } from "./saver-brand.js";
import { ThreadLives } from "./thread-lives.js";
import { CheckpointWriter } from "./writer.js";

/** What the savers of all stores can be told. */
export interface SaverSettings extends SizeLimits {
  /** Bound of the cache of serialized values, in bytes; 0 turns it off. */
  readonly cacheBytes: number;
  /** What becomes of a run that began at the head of its thread when the head has moved: another branch, or a ConcurrentUpdateError. */
  readonly onConflict: OnConflict;
  /** The keys of a run's config that are stored beside its checkpoints. */
  readonly labels: LabelNames;
  /** What `sweep` keeps. */
  readonly retention: Retention | undefined;
  /** Whose threads are read, and migrated at their first write, as long as they are not here. */
  readonly fallback?: BaseCheckpointSaver | undefined;
}

export type OnConflict = "fork" | "reject";

/** What narrows a list of checkpoints. */
export interface ListOptions extends CheckpointListOptions {
  /** Only checkpoints with these labels (contract C-39). */
  readonly labels?: Labels;
}

/** Threads that nobody has written to for long. */
export interface IdleThreads extends Pick<ListThreadsOptions, "prefix" | "labels"> {
  /** For so many milliseconds, by the clock of the store, to the minute. */
  readonly olderThan: number;
}

/**
 * @throws InvalidOptionsError
 */
export function resolveOnConflict(given: unknown = "fork"): OnConflict {
  if (given === "fork" || given === "reject") return given;
  throw new InvalidOptionsError(`onConflict is ${String(given)}. It must be "fork" or "reject".`);
}

/**
 * What all savers of ours are: they check what they are given, serialize it at the call, and leave the rest to a store. `docs/reference/contract.md` says what
 * they promise, rule by rule.
 */
export abstract class HoldfastSaver extends BaseCheckpointSaver {
  readonly #store: CheckpointStore;
  readonly #serializer: ValueSerializer;
  readonly #cache: CheckpointCache<ThreadGuard>;
  readonly #lives = new ThreadLives();
  readonly #reader: CheckpointReader;
  readonly #writer: CheckpointWriter;
  readonly #leases: Leases;
  readonly #runs = new WritesByRun();
  readonly #rejectsConflicts: boolean;
  readonly #labels: LabelNames;
  readonly #retention: Retention | undefined;
  /** @internal */
  readonly [SAVER_BRAND] = true;
  /** @internal */
  readonly [ON_DEMAND_MIGRATION]: OnDemandMigration | undefined;
  readonly #threads: ThreadSource;

  protected constructor(store: CheckpointStore, serde: SerializerProtocol, settings: SaverSettings) {
    super(serde);
    this.#store = store;
    this.#rejectsConflicts = settings.onConflict === "reject";
    this.#labels = settings.labels;
    this.#retention = settings.retention;
    // Half of it each: the bytes of a value, and what makes writing the next one cheap, which is some three times as large.
    this.#serializer = new ValueSerializer(serde, settings, settings.cacheBytes / 2);
    this.#cache = new CheckpointCache(settings.cacheBytes / 2);
    this.#reader = new CheckpointReader(store, this.#serializer, this.#cache, this.#lives);
    this.#writer = new CheckpointWriter(store, this.#serializer, this.#cache, this.#reader, this.#lives);
    this.#leases = new Leases(store);
    this[ON_DEMAND_MIGRATION] = this.#onDemandMigrationFrom(serde, settings);
    this.#threads = this[ON_DEMAND_MIGRATION] ?? STORE_ALONE;
  }

  #onDemandMigrationFrom(serde: SerializerProtocol, { fallback, ...settings }: SaverSettings): OnDemandMigration | undefined {
    if (fallback === undefined) return undefined;
    return new OnDemandMigration(fallback, {
      here: new SaverWithoutFallback(this.#store, serde, {
        ...settings,
        cacheBytes: Math.min(settings.cacheBytes, MAX_MIGRATION_CACHE_BYTES),
      }),
      hasRoot: async (threadId) => (await this.#reader.tuple({ threadId, namespace: "" }, undefined)) !== undefined,
      deleteThread: (threadId, token) => this.#deleteThread(threadId, token),
    });
  }

  /**
   * Closes what the saver opened, and nothing that it was given. Operations that wait for a retry fail with the error they were retried for; later
   * ones are a SaverClosedError.
   */
  async end(): Promise<void> {
    this.#cache.clear();
    this.#serializer.clear();
    await this.#store.end();
  }

  /**
   * The checkpoint that `config` names, or the one committed last in its thread and namespace.
   *
   * @returns `undefined` when there is none, or when `config` names no thread.
   * @throws MissingThreadIdError when a run asks, which must not begin; InvalidThreadIdError, InvalidConfigError, DeserializationError, StoreUnavailableError, SetupRequiredError
   */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    if (optionalThreadId(config) === undefined) {
      if (isRunConfig(config)) throw new MissingThreadIdError("A run with a checkpointer");
      return undefined;
    }
    const ref = namespaceRef(config, "getTuple");
    const checkpointId = optionalCheckpointId(config);
    await this.#store.ready("getTuple", config);
    const own = (): Promise<CheckpointTuple | undefined> => this.#reader.tuple(ref, checkpointId, config);
    const tuple = await this.#threads.getTuple(config, ref.threadId, own);
    if (tuple === undefined || !this.#rejectsConflicts) return tuple;
    return { ...tuple, config: markRead(tuple.config, tuple.checkpoint.id, checkpointId === undefined) };
  }

  /**
   * Checkpoints, newest committed first, read a page at a time.
   *
   * @param options.limit at most so many. `options.before` a config whose checkpoint is the upper end, itself excluded.
   *   `options.filter` keys of the metadata and the values they must have. `options.labels` labels that they must have.
   * @throws InvalidThreadIdError, InvalidConfigError, InvalidMetadataError (filter), InvalidOptionsError (labels), DeserializationError,
   *   StoreUnavailableError
   */
  override async *list(config: RunnableConfig, options: ListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const threadId = optionalThreadId(config);
    const selection = {
      namespace: optionalNamespace(config),
      checkpointId: optionalCheckpointId(config),
      before: options.before === undefined ? undefined : optionalCheckpointId(options.before),
      filter: options.filter,
      labels: resolveLabels(options.labels),
    };
    const limit = limitOf(options.limit);
    if (options.filter !== undefined) metadataConditions(options.filter);
    await this.#store.ready("list");
    const own = ({ limit: most }: CheckpointListOptions): AsyncGenerator<CheckpointTuple> =>
      this.#reader.list(threadId, selection, most ?? limit);
    yield* this.#threads.list(config, options, threadId, own);
  }

  /**
   * Stores a checkpoint, atomically, and again without harm. See rules C-30 to C-38 of the contract.
   *
   * @param newVersions the channels that changed; the others carry over from the parent, `config.configurable.checkpoint_id`.
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidConfigError, InvalidMetadataError, SerializationError, ValueTooLargeError,
   *   ThreadBusyError, LeaseLostError, ConcurrentUpdateError, ThreadDeletedError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const put = (): Promise<void> => this.#put(config, checkpoint, metadata, newVersions);
    await (this.#runs.of(config)?.put(put) ?? put());
    return configOf({ ...namespaceRef(config, "put"), checkpointId: checkpoint.id });
  }

  async #put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<void> {
    const namespace = namespaceRef(config, "put");
    const parentId = optionalCheckpointId(config);
    const ref: CheckpointRef = { ...namespace, checkpointId: requiredId(checkpoint.id, "checkpoint.id") };
    const metadataJson = encodeMetadata(metadata);
    const isCopy = isCopied(config);
    const lineage = isCopy ? [] : lineageOf(ref, parentId, metadata);
    const call = isCopy ? nextCopyCall() : nextCall();
    // A first checkpoint may have no lineage that is stored: only this tells that its thread was deleted since its run began.
    const life = isCopy || parentId !== undefined ? undefined : this.#lives.of(ref.threadId);
    const snapshots = Object.keys(newVersions).filter((channel) => isDeltaSnapshot(checkpoint.channel_values[channel]));
    // What the run may go on changing is taken here, before the first await (contract C-36).
    const header = headerOf(checkpoint);
    const parent = parentId === undefined ? undefined : this.#cache.get({ ...ref, checkpointId: parentId });
    const metadataBytes = Buffer.byteLength(metadataJson);
    const changed = await serializeChanged(this.#serializer, checkpoint, metadata, newVersions, parent?.cached, metadataBytes);
    await this.#store.ready("put", config);
    const token = leaseToken(config, ref.threadId);
    let isRepeated = false;
    const put = (): Promise<void> => {
      const stored = {
        config,
        ref,
        parentId,
        metadata: metadataJson,
        labels: labelsOf(config, this.#labels),
        snapshots,
        header,
        changed,
        given: checkpoint,
        newVersions,
        token,
        call,
        lineage,
        life,
        isRepeated,
        expectedHead: this.#rejectsConflicts ? expectedHead(config, parentId, metadata.source === "fork") : undefined,
      };
      isRepeated = true;
      return this.#writer.put(stored);
    };
    await this.#threads.write(ref.threadId, token, put);
  }

  /**
   * Stores what a task wrote, atomically. The checkpoint need not be there yet. See rules C-40 to C-43 of the contract.
   *
   * @param taskPath where the task stands in the graph, which orders its writes (contract C-42). LangGraph 1.5 and later give it; the empty one is a path, too.
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidConfigError, SerializationError, ValueTooLargeError, ThreadBusyError, LeaseLostError,
   *   ThreadDeletedError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    const put = (): Promise<void> => this.#putWrites(config, writes, taskId, taskPath);
    return this.#runs.of(config)?.putWrites(put) ?? handled(put());
  }

  async #putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    const ref = checkpointRef(config, "putWrites");
    requiredId(taskId, "taskId");
    const call = isCopied(config) ? nextCopyCall() : nextCall();
    const place = taskPath === undefined ? { call } : { taskPath: taskPathArgument(taskPath) };
    if (writes.length === 0) return;
    const indexes = writeIndex(writes);
    const size = this.#serializer.newPut();
    const serialized = await Promise.all(
      writes.map(async ([channel, value], position) => ({
        ...(await this.#serializer.dump(value, channel, size)),
        channel,
        index: indexes[position] as number,
        position,
      })),
    );
    await this.#store.ready("putWrites", config);
    const token = leaseToken(config, ref.threadId);
    const { run_id: runId } = labelsOf(config, this.#labels);
    const put = (): Promise<void> =>
      this.#writer.putWrites({ config, ref, taskId, place, runId, writes: serialized, token, call });
    await this.#threads.write(ref.threadId, token, put);
  }

  /**
   * Deletes all checkpoints, writes and values of a thread, in all namespaces, in one step. What a run that is still going on writes afterwards is
   * refused with ThreadDeletedError (contract C-51).
   *
   * @param options.lease the lease under which the caller has the thread, if it has one. It ends with the thread.
   * @throws MissingThreadIdError, InvalidThreadIdError, ThreadBusyError, LeaseLostError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override async deleteThread(threadId: string, options: { readonly lease?: ThreadLease } = {}): Promise<void> {
    const id = threadIdArgument(threadId, "deleteThread");
    await this.#store.ready("deleteThread");
    const token = options.lease?.token;
    await this.#threads.delete(id, token, (held) => this.#deleteThread(id, held));
    this.#lives.forget(id);
  }

  async #deleteThread(id: string, token: string | undefined): Promise<void> {
    const refusal = await this.#store.deleteThread(id, token);
    if (refusal !== undefined && refusal.kind !== "changed" && refusal.kind !== "lost") throw refusalError(refusal, id);
  }

  /**
   * Takes the lease of a thread: until it is released or lost, nobody else can write to the thread, in any process.
   *
   * ```ts
   * await using lease = await saver.acquireThread("user-1", { waitMs: 10_000 });
   * await graph.invoke(input, { ...lease.config, signal: lease.signal });
   * ```
   *
   * @throws ThreadBusyError when somebody else has it, for longer than `waitMs`; MissingThreadIdError, InvalidThreadIdError, InvalidOptionsError,
   *   StoreUnavailableError, StoreFailureError, SetupRequiredError; the reason of `signal` when it aborts.
   */
  async acquireThread(threadId: string, options?: LeaseOptions): Promise<ThreadLease> {
    const id = threadIdArgument(threadId, "acquireThread");
    const resolved = resolveLeaseOptions(options);
    await this.#store.ready("acquireThread");
    return this.#leases.acquire(id, resolved);
  }

  /**
   * Threads whose lease ended without a release: their holder crashed, or stalled. Each is handed to one caller, under a lease of its own; release it
   * when you are done with the thread, whatever became of it. A thread that waits for a human is not abandoned, nor one without unfinished work.
   *
   * @param options.olderThanMs how long ago the lease must have ended, in milliseconds. Default 0. `options.limit`: at most so many threads. Default: all.
   *   Others as for {@link acquireThread}.
   * @throws InvalidOptionsError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  async *abandonedThreads(options: AbandonedThreadsOptions = {}): AsyncGenerator<AbandonedThread> {
    const resolved = resolveAbandonedOptions(options);
    await this.#store.ready("abandonedThreads");
    yield* abandonedThreads(this.#store, this.#leases, this.#view, resolved);
  }

  readonly #view: ThreadView = {
    latest: (id) => {
      const own = (): Promise<CheckpointTuple | undefined> => this.#reader.tuple({ threadId: id, namespace: "" }, undefined);
      return this.#threads.getTuple({ configurable: { checkpoint_ns: "" } }, id, own);
    },
    all: (id) => this.list({ configurable: { thread_id: id } }),
  };

  /**
   * Takes checkpoints out of threads that nothing needs any more, and frees the values that nothing else refers to (contract C-52, C-53). What an
   * interrupt, a delta channel or a subgraph needs stays. A thread that somebody has the lease of is left alone.
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
  async prune(threads: readonly string[] | IdleThreads, policy?: PrunePolicy): Promise<PruneReport> {
    const resolved = resolvePrunePolicy(policy);
    if (Array.isArray(threads)) {
      const ids = (threads as readonly unknown[]).map((id) => threadIdArgument(id, "prune"));
      await this.#store.ready("prune");
      await requireThreads(this.#store, ids);
      return pruneThreads(this.#store, ids, resolved);
    }
    const { olderThan, ...others } = ((threads as unknown) ?? {}) as Partial<IdleThreads>;
    if (olderThan === undefined) throw new InvalidOptionsError("prune needs ids of threads, or { olderThan: milliseconds }.");
    const { selection, limit } = resolveListThreads({ ...others, idleFor: olderThan });
    await this.#store.ready("prune");
    return pruneThreads(this.#store, this.#idsOf(selection, limit), resolved);
  }

  async *#idsOf(selection: ThreadSelection, limit: number): AsyncGenerator<string> {
    for await (const { threadId } of this.#store.listThreads(selection, limit)) yield threadId;
  }

  /**
   * Takes runs out of the threads that they wrote to: their checkpoints, and what they wrote to checkpoints that are the last of their branch, so that
   * each thread is again as it was before them (contract C-55). Runs are told by the label `run_id`, from `config.metadata` or
   * `config.configurable`. What delta channels of later checkpoints need stays, out of sight.
   *
   * @param options.dryRun only say what would go.
   * @throws InvalidOptionsError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  async deleteForRuns(runIds: readonly string[], options: { readonly dryRun?: boolean } = {}): Promise<PruneReport> {
    if (!Array.isArray(runIds)) throw new InvalidOptionsError("deleteForRuns needs a list of run ids.");
    for (const id of runIds) resolveLabels({ run_id: id });
    refuseUnknown("deleteForRuns", options, ["dryRun"]);
    const dryRun = resolveDryRun(options.dryRun);
    await this.#store.ready("deleteForRuns");
    let report = NOTHING_PRUNED;
    for await (const threadId of this.#store.threadsOfRuns(runIds)) {
      const target = { threadId, token: undefined };
      report = addReports(report, await removeRuns(this.#store, target, new Set(runIds), dryRun));
    }
    return report;
  }

  /**
   * Copies a thread as it is at this moment, with all its checkpoints, pending writes and labels, to an id under which there is none (contract C-58).
   * Values that do not change share nothing with the original: either can be deleted.
   *
   * @throws MissingThreadIdError, InvalidThreadIdError, ThreadNotFoundError, ThreadExistsError, ThreadBusyError (only a part of the thread has come
   *   here from another saver), StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  async copyThread(sourceThreadId: string, targetThreadId: string): Promise<{ readonly checkpoints: number }> {
    const from = threadIdArgument(sourceThreadId, "copyThread");
    const to = threadIdArgument(targetThreadId, "copyThread");
    if (from === to) throw new ThreadExistsError(to);
    await this.#store.ready("copyThread");
    const copy = (): Promise<CopyOutcome> => this.#store.copyThread(from, to, markerId(from));
    const outcome = await this.#threads.copy(from, to, copy);
    if (outcome.kind === "incomplete") throw beingMigrated(from);
    if (outcome.kind === "not-found") throw new ThreadNotFoundError(from);
    if (outcome.kind === "exists") throw new ThreadExistsError(to);
    return { checkpoints: outcome.checkpoints };
  }

  /**
   * The threads of the store, the one that was written last first, read a page at a time (contract C-26).
   *
   * ```ts
   * for await (const thread of saver.listThreads({ prefix: "tenant:acme/", limit: 20 })) console.log(thread.threadId, thread.isWaiting);
   * ```
   *
   * @throws InvalidOptionsError, StoreUnavailableError, SetupRequiredError
   */
  async *listThreads(options?: ListThreadsOptions): AsyncGenerator<ThreadInfo> {
    const { selection, limit } = resolveListThreads(options);
    await this.#store.ready("listThreads");
    yield* listThreads(this.#store, selection, limit, (id) => hasUnfinishedWork(this.#view, id));
  }

  /**
   * How much is stored, of one thread or in all (contract C-28).
   *
   * @throws InvalidThreadIdError, ThreadNotFoundError, StoreUnavailableError, SetupRequiredError
   */
  async stats(): Promise<StoreStats>;
  async stats(threadId: string): Promise<StoredThread>;
  async stats(threadId?: string): Promise<StoreStats | StoredThread> {
    const id = threadId === undefined ? undefined : threadIdArgument(threadId, "stats");
    await this.#store.ready("stats");
    if (id === undefined) return this.#store.stats();
    const stored = await this.#store.threadStats(id);
    if (stored === undefined) throw new ThreadNotFoundError(id);
    return stored;
  }

  /**
   * Applies the option `retention` to all threads: deletes those that are idle, and prunes the others. One sweeper works at a time, across processes; a
   * sweep that was ended in the middle is gone on with by the next one (contract C-56). Call it now and then, from any replica.
   *
   * @throws InvalidOptionsError, also when the saver has no `retention`; StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  async sweep(options?: SweepOptions): Promise<SweepReport> {
    const resolved = resolveSweepOptions(options);
    if (this.#retention === undefined) {
      throw new InvalidOptionsError("sweep needs the saver's option retention: { idleFor, keepLast }.");
    }
    await this.#store.ready("sweep");
    return sweep(this.#store, this.#retention, resolved);
  }

  /**
   * What delta channels are rebuilt from: per channel the writes of all ancestors, oldest first, and the value at the nearest one that has one.
   * One round trip, however many ancestors.
   *
   * @throws InvalidThreadIdError, InvalidConfigError, DeserializationError, StoreUnavailableError, SetupRequiredError
   */
  override async getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    const { config, channels } = options;
    if (optionalThreadId(config) === undefined) return Object.fromEntries(channels.map((channel) => [channel, { writes: [] }]));
    const ref = namespaceRef(config, "getDeltaChannelHistory");
    const checkpointId = optionalCheckpointId(config);
    if (channels.length === 0) return {};
    await this.#store.ready("getDeltaChannelHistory");
    const own = (): Promise<Record<string, DeltaChannelHistory>> => this.#reader.deltaHistory(ref, checkpointId, channels);
    return this.#threads.getDeltaChannelHistory(options, ref.threadId, own);
  }
}

/** A copy builds on the checkpoint before it, and on no other. */
const MAX_MIGRATION_CACHE_BYTES = 8 * 1024 * 1024;

/** The store by itself, as migrations need it. */
class SaverWithoutFallback extends HoldfastSaver {}

function limitOf(limit: unknown): number {
  if (limit === undefined || limit === null) return Number.POSITIVE_INFINITY;
  if (typeof limit === "number" && Number.isInteger(limit) && limit >= 0) return limit;
  throw new InvalidConfigError(`limit is ${String(limit)}. It must be an integer of at least 0.`);
}

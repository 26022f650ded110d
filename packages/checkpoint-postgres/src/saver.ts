import {
  type CachedCheckpoint,
  type ChannelValue,
  CheckpointCache,
  type CheckpointRef,
  type ContextAndGuard,
  channelNames,
  checkpointRef,
  compareTaskOrder,
  configOf,
  decodeWrites,
  type EncodedCheckpoint,
  encodeCheckpoint,
  encodeMetadata,
  encodeWrites,
  frameOf,
  HoldfastSerializer,
  InvalidConfigError,
  InvalidOptionsError,
  makeTuple,
  type NamespaceRef,
  namespaceRef,
  needsParentSends,
  optionalCheckpointId,
  optionalNamespace,
  optionalThreadId,
  pendingWrite,
  requiredId,
  resolveUpdates,
  SegmentReader,
  type StoredTuple,
  serializeChanged,
  threadIdArgument,
  ValueSerializer,
  writeIndex,
} from "@holdfast/checkpoint-core";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type DeltaChannelHistory,
  isDeltaSnapshot,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { checkSchema, migrate } from "./migrations/migrate.js";
import { deleteThread } from "./operations/delete-thread.js";
import { readAncestors } from "./operations/get-delta-channel-history.js";
import { getTuple } from "./operations/get-tuple.js";
import { listThread, listThreadIds } from "./operations/list.js";
import { put } from "./operations/put.js";
import { putWrites } from "./operations/put-writes.js";
import { decodeStored, type ReadCheckpoint, type ThreadGuard } from "./operations/read-checkpoints.js";
import {
  type ConnectionOptions,
  type PostgresSaverOptions,
  type ResolvedOptions,
  resolveOptions,
  resolvePoolOptions,
} from "./options.js";
import { Connections, type PostgresPool } from "./pool.js";

/** Pools that a saver opened itself, and closes. */
const OWN_POOLS = new WeakSet<PostgresPool>();

/**
 * A LangGraph.js checkpointer on PostgreSQL 14 or later. `docs/contract.md` says what it promises, rule by rule.
 *
 * ```ts
 * const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
 * await saver.setup();
 * const app = graph.compile({ checkpointer: saver });
 * await app.invoke(input, { configurable: { thread_id: "user-1" } });
 * ```
 */
export class PostgresSaver extends BaseCheckpointSaver {
  readonly #options: ResolvedOptions;
  readonly #db: Connections;
  readonly #serializer: ValueSerializer;
  readonly #cache: CheckpointCache<ThreadGuard>;
  /** The check that the schema fits this code, made once, before the first operation. */
  #schemaCheck: Promise<void> | undefined;

  /**
   * @param pool a `pg.Pool`. It stays yours: `end()` does not close it.
   * @param serde encodes channel values and pending writes. Default: ours, which is lossless or throws.
   * @throws InvalidOptionsError
   */
  constructor(pool: PostgresPool, serde: SerializerProtocol = new HoldfastSerializer(), options?: PostgresSaverOptions) {
    super(serde);
    this.#options = resolveOptions(options);
    const { retry, statementTimeoutMs, tables } = this.#options;
    this.#db = new Connections(pool, { owned: OWN_POOLS.has(pool), retry, statementTimeoutMs, schemaName: tables.schemaName });
    this.#serializer = new ValueSerializer(serde, this.#options.maxValueBytes);
    this.#cache = new CheckpointCache(this.#options.cacheBytes);
  }

  /**
   * A saver with a pool of its own, which `end()` closes.
   *
   * @param connString e.g. `postgres://user:password@host:5432/database`.
   * @throws InvalidOptionsError
   */
  static fromConnString(connString: string, options: ConnectionOptions = {}): PostgresSaver {
    if (typeof connString !== "string" || connString === "") {
      throw new InvalidOptionsError("The connection string is empty. Write postgres://user:password@host:5432/database.");
    }
    const { poolSize, connectTimeoutMs } = resolvePoolOptions(options);
    const pool = openPool({
      connectionString: connString,
      max: poolSize,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    });
    OWN_POOLS.add(pool);
    return new PostgresSaver(pool, options.serde, options);
  }

  /**
   * Creates the tables, or brings them up to date. Call it when your service starts: any number of processes may do so at once.
   *
   * @throws SchemaTooNewError, UnsupportedServerError, StoreUnavailableError, StoreFailureError
   */
  async setup(): Promise<void> {
    await migrate(this.#db, this.#options.tables, this.#options.createSchema);
    this.#schemaCheck = Promise.resolve();
  }

  /** Closes the pool if the saver opened it. Operations that wait for a retry fail with the error they were retried for. */
  async end(): Promise<void> {
    this.#cache.clear();
    await this.#db.end();
  }

  /**
   * The checkpoint that `config` names, or the one committed last in its thread and namespace.
   *
   * @returns `undefined` when there is none, or when `config` names no thread.
   * @throws InvalidThreadIdError, InvalidConfigError, DeserializationError, StoreUnavailableError, SetupRequiredError
   */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    if (optionalThreadId(config) === undefined) return undefined;
    const ref = namespaceRef(config, "getTuple");
    const checkpointId = optionalCheckpointId(config);
    await this.#ready("getTuple");
    const reading = await getTuple(this.#db, this.#options.tables, ref, checkpointId);
    const [row] = reading.checkpoints;
    if (row === undefined) return undefined;
    const stored = decodeStored(ref.threadId, row, new SegmentReader(reading.segments));
    // The next put of this run builds on it.
    this.#cache.set(stored.ref, stored.checkpoint.known, row.guard);
    return this.#tupleOf(stored);
  }

  /**
   * Checkpoints, newest committed first, read a page at a time.
   *
   * @param options.limit at most so many. `options.before` a config whose checkpoint is the upper end, itself excluded.
   *   `options.filter` metadata that must be contained.
   * @throws InvalidThreadIdError, InvalidConfigError, InvalidMetadataError (filter), DeserializationError, StoreUnavailableError
   */
  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const threadId = optionalThreadId(config);
    const selection = {
      namespace: optionalNamespace(config),
      checkpointId: optionalCheckpointId(config),
      before: options.before === undefined ? undefined : optionalCheckpointId(options.before),
      filter: options.filter,
    };
    let left = limitOf(options.limit);
    if (selection.filter !== undefined) encodeMetadata(selection.filter);
    await this.#ready("list");
    const { tables } = this.#options;
    for await (const thread of threadId === undefined ? listThreadIds(this.#db, tables) : [threadId]) {
      if (left <= 0) return;
      for await (const page of listThread(this.#db, tables, thread, selection, left)) {
        const segments = new SegmentReader(page.segments);
        for (const row of page.checkpoints) {
          left -= 1;
          yield await this.#tupleOf(decodeStored(thread, row, segments));
        }
      }
    }
  }

  /**
   * Stores a checkpoint, atomically, and again without harm. See rules C-30 to C-38 of the contract.
   *
   * @param newVersions the channels that changed; the others carry over from the parent, `config.configurable.checkpoint_id`.
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidConfigError, InvalidMetadataError, SerializationError, ValueTooLargeError,
   *   StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const namespace = namespaceRef(config, "put");
    const parentId = optionalCheckpointId(config);
    const ref: CheckpointRef = { ...namespace, checkpointId: requiredId(checkpoint.id, "checkpoint.id") };
    const metadataJson = encodeMetadata(metadata);
    const snapshots = Object.keys(newVersions).filter((channel) => isDeltaSnapshot(checkpoint.channel_values[channel]));
    // What the run may go on changing is taken here, before the first await (contract C-36).
    const frame = frameOf(checkpoint);
    const changed = await serializeChanged(this.#serializer, checkpoint, metadata, newVersions);
    await this.#ready("put");

    const store = async (encoded: EncodedCheckpoint, guard: ThreadGuard | undefined): Promise<boolean> => {
      const { record, created, known, reusesSegments } = encoded;
      // Before the answer: the tasks that run on this checkpoint do not wait for it.
      this.#cache.addRelated(
        ref,
        created.filter((segment) => segment.id !== known.keyframe?.id),
      );
      const now = await put(this.#db, this.#options.tables, {
        ref,
        parentId,
        metadata: metadataJson,
        snapshots,
        record,
        created,
        guard: reusesSegments ? guard : undefined,
      });
      if (now === undefined) return false;
      this.#cache.set(ref, known, now);
      return true;
    };
    const encode = async (parent: CachedCheckpoint<ThreadGuard> | "not-stored" | undefined): Promise<EncodedCheckpoint> => {
      const known = parent === "not-stored" ? parent : parent?.known;
      const updates = await resolveUpdates(this.#serializer, checkpoint, newVersions, changed, known);
      return encodeCheckpoint(
        frame,
        updates,
        known === "not-stored" ? undefined : known,
        parent === "not-stored" ? [] : parent?.related,
      );
    };

    const parentRef = parentId === undefined ? undefined : { ...namespace, checkpointId: parentId };
    let parent = parentRef === undefined ? undefined : (this.#cache.get(parentRef) ?? (await this.#readParent(parentRef)));
    // A thread that is deleted while this run goes on fails the guard; a second time means that it was written and deleted again in between.
    while (!(await store(await encode(parent), parent === "not-stored" ? undefined : parent?.guard))) {
      parent = parentRef === undefined ? undefined : await this.#readParent(parentRef);
    }
    // The run goes on from the new checkpoint. Keeping both would double what a thread holds in the cache.
    if (parentRef !== undefined && parentId !== ref.checkpointId) this.#cache.delete(parentRef);
    return configOf(ref);
  }

  /**
   * Stores what a task wrote, atomically. The checkpoint need not be there yet. See rules C-40 to C-43 of the contract.
   *
   * @param taskPath where the task stands in the graph; given by `@langchain/langgraph-checkpoint` 1.2 and later.
   * @throws MissingThreadIdError, InvalidThreadIdError, InvalidConfigError, SerializationError, ValueTooLargeError, StoreUnavailableError,
   *   StoreFailureError, SetupRequiredError
   */
  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    const ref = checkpointRef(config, "putWrites");
    requiredId(taskId, "taskId");
    const path = taskPath === undefined || taskPath === "" ? undefined : requiredId(taskPath, "taskPath");
    if (writes.length === 0) return;
    const indexes = writeIndex(writes);
    const serialized = await Promise.all(
      writes.map(async ([channel, value], position) => ({
        ...(await this.#serializer.dump(value, channel)),
        channel,
        index: indexes[position] as number,
        position,
      })),
    );
    await this.#ready("putWrites");
    const store = async (context: ContextAndGuard<ThreadGuard> | undefined): Promise<boolean> => {
      const encoded = encodeWrites(serialized, this.#cache.related(ref), context?.segment);
      // Before the answer: the put of the next checkpoint does not wait for it.
      this.#cache.addRelated(ref, encoded.created);
      const guard = encoded.reusesSegments ? context?.guard : undefined;
      return putWrites(this.#db, this.#options.tables, { ref, taskId, taskPath: path, writes: encoded, guard });
    };
    // A thread that was deleted since fails the guard; then nothing of it is referred to.
    if (!(await store(this.#cache.context(ref)))) await store(undefined);
  }

  /**
   * Deletes all checkpoints, writes and values of a thread, in all namespaces, in one step.
   *
   * @throws MissingThreadIdError, InvalidThreadIdError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  override async deleteThread(threadId: string): Promise<void> {
    const id = threadIdArgument(threadId, "deleteThread");
    await this.#ready("deleteThread");
    await deleteThread(this.#db, this.#options.tables, id);
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
    if (channels.length === 0 || optionalThreadId(config) === undefined) return historyOf(channels, new Map(), new Map());
    const ref = namespaceRef(config, "getDeltaChannelHistory");
    const checkpointId = optionalCheckpointId(config);
    await this.#ready("getDeltaChannelHistory");
    const { tables } = this.#options;
    const reading = await readAncestors(this.#db, tables, ref, checkpointId, channels);
    const seeds = new Map<string, unknown>();
    const writes = new Map<string, CheckpointPendingWrite[]>();
    const segments = new SegmentReader(reading.segments);
    for (const row of reading.checkpoints) {
      const open = channels.filter((channel) => !seeds.has(channel));
      if (open.length === 0) break;
      for (const write of decodeWrites(row.slots, segments).sort(compareTaskOrder).reverse()) {
        if (!open.includes(write.channel)) continue;
        const value = pendingWrite(write, await this.#serializer.load(write.value));
        const list = writes.get(write.channel);
        if (list === undefined) writes.set(write.channel, [value]);
        else list.push(value);
      }
      const names = channelNames({ links: row.links, body: row.record }, segments);
      if (!open.some((channel) => names.has(channel))) continue;
      const values = await this.#valuesOf(ref, row, segments);
      for (const channel of open) {
        const value = values.get(channel);
        if (value !== undefined) seeds.set(channel, await this.#serializer.load(value));
      }
    }
    return historyOf(channels, writes, seeds);
  }

  async #ready(operation: string): Promise<void> {
    this.#schemaCheck ??= checkSchema(this.#db, this.#options.tables, operation);
    try {
      await this.#schemaCheck;
    } catch (error) {
      // Not remembered: setup() may have been run elsewhere when the next operation comes.
      this.#schemaCheck = undefined;
      throw error;
    }
  }

  async #tupleOf(stored: StoredTuple): Promise<CheckpointTuple> {
    if (!needsParentSends(stored)) return makeTuple(stored, this.#serializer);
    const reading = await getTuple(this.#db, this.#options.tables, stored.ref, stored.parentId);
    const [parent] = reading.checkpoints;
    const writes = parent === undefined ? [] : decodeWrites(parent.slots, new SegmentReader(reading.segments));
    return makeTuple(stored, this.#serializer, writes);
  }

  /** The values of an ancestor; read now, if the walk did not know that they would be wanted: a value from before its channel was a delta channel. */
  async #valuesOf(ref: NamespaceRef, row: ReadCheckpoint, segments: SegmentReader): Promise<ReadonlyMap<string, ChannelValue>> {
    if (row.whole) return decodeStored(ref.threadId, row, segments).checkpoint.known.channels;
    const parent = await this.#readParent({ ...ref, checkpointId: row.checkpointId });
    return parent === "not-stored" ? new Map() : parent.known.channels;
  }

  async #readParent(ref: CheckpointRef): Promise<CachedCheckpoint<ThreadGuard> | "not-stored"> {
    const reading = await getTuple(this.#db, this.#options.tables, ref, ref.checkpointId);
    const [row] = reading.checkpoints;
    if (row === undefined) return "not-stored";
    const { known } = decodeStored(ref.threadId, row, new SegmentReader(reading.segments)).checkpoint;
    return { known, guard: row.guard, related: [] };
  }
}

function openPool(config: pg.PoolConfig): PostgresPool {
  return new pg.Pool(config) as unknown as PostgresPool;
}

function limitOf(limit: unknown): number {
  if (limit === undefined || limit === null) return Number.POSITIVE_INFINITY;
  if (typeof limit === "number" && Number.isInteger(limit) && limit >= 0) return limit;
  throw new InvalidConfigError(`limit is ${String(limit)}. It must be an integer of at least 0.`);
}

function historyOf(
  channels: readonly string[],
  newestFirst: ReadonlyMap<string, readonly CheckpointPendingWrite[]>,
  seeds: ReadonlyMap<string, unknown>,
): Record<string, DeltaChannelHistory> {
  return Object.fromEntries(
    channels.map((channel) => {
      const history: DeltaChannelHistory = { writes: [...(newestFirst.get(channel) ?? [])].reverse() };
      if (seeds.has(channel)) history.seed = seeds.get(channel);
      return [channel, history];
    }),
  );
}

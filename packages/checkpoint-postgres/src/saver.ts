import {
  CheckpointCache,
  type CheckpointRef,
  checkpointRef,
  configOf,
  encodeMetadata,
  frameOf,
  HoldfastSerializer,
  InvalidConfigError,
  InvalidOptionsError,
  namespaceRef,
  optionalCheckpointId,
  optionalNamespace,
  optionalThreadId,
  requiredId,
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
  type CheckpointTuple,
  type DeltaChannelHistory,
  isDeltaSnapshot,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { CheckpointReader } from "./checkpoint-reader.js";
import { CheckpointWriter } from "./checkpoint-writer.js";
import { checkSchema, migrate } from "./migrations/migrate.js";
import { deleteThread } from "./operations/delete-thread.js";
import type { ThreadGuard } from "./operations/read-checkpoints.js";
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
  readonly #reader: CheckpointReader;
  readonly #writer: CheckpointWriter;
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
    this.#reader = new CheckpointReader(this.#db, tables, this.#serializer, this.#cache);
    this.#writer = new CheckpointWriter(this.#db, tables, this.#serializer, this.#cache, this.#reader);
  }

  /**
   * A saver with a pool of its own, which `end()` closes.
   *
   * @param connString e.g. `postgres://user:password@host:5432/database`.
   * @throws InvalidOptionsError
   */
  static fromConnString(connString: string, options: ConnectionOptions = {}): PostgresSaver {
    checkConnString(connString);
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
    return this.#reader.tuple(ref, checkpointId);
  }

  /**
   * Checkpoints, newest committed first, read a page at a time.
   *
   * @param options.limit at most so many. `options.before` a config whose checkpoint is the upper end, itself excluded.
   *   `options.filter` keys of the metadata and the values they must have.
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
    const limit = limitOf(options.limit);
    if (options.filter !== undefined) encodeMetadata(options.filter);
    await this.#ready("list");
    yield* this.#reader.list(threadId, selection, limit);
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
    await this.#writer.put({ ref, parentId, metadata: metadataJson, snapshots, frame, changed, given: checkpoint, newVersions });
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
    await this.#writer.putWrites({ ref, taskId, taskPath: path, writes: serialized });
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
    if (optionalThreadId(config) === undefined) return Object.fromEntries(channels.map((channel) => [channel, { writes: [] }]));
    const ref = namespaceRef(config, "getDeltaChannelHistory");
    const checkpointId = optionalCheckpointId(config);
    if (channels.length === 0) return {};
    await this.#ready("getDeltaChannelHistory");
    return this.#reader.deltaHistory(ref, checkpointId, channels);
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
}

/** The pool itself would find out at the first operation, and blame the network. */
function checkConnString(connString: unknown): void {
  const form = "Write postgres://user:password@host:5432/database.";
  if (typeof connString !== "string" || connString === "")
    throw new InvalidOptionsError(`The connection string is empty. ${form}`);
  if (URL.canParse(connString) && !/^(postgres(ql)?|socket):/i.test(connString)) {
    throw new InvalidOptionsError(`The connection string is not one of Postgres. ${form}`);
  }
  try {
    new pg.Client({ connectionString: connString });
  } catch (cause) {
    throw new InvalidOptionsError(`The connection string cannot be read. ${form}`, { cause });
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

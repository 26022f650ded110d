import {
  HoldfastSaver,
  HoldfastSerializer,
  InvalidOptionsError,
  type OperationOptions,
  type SetupReport,
} from "@holdfast/checkpoint-core";
import { saverArguments, underOptions } from "@holdfast/checkpoint-core/adapter";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { readConnString } from "./connection-string.js";
import { openPool } from "./open-pool.js";
import { type ConnectionOptions, type PostgresSaverOptions, resolveOptions, resolvePoolOptions } from "./options.js";
import { Connections, type PostgresPool } from "./pool.js";
import { PostgresStore } from "./store.js";

/** Pools that a saver opened itself, and closes, and where they lead. */
const OWN_POOLS = new WeakMap<PostgresPool, string>();

/**
 * A LangGraph.js checkpointer on PostgreSQL 14 or later. `docs/reference/contract.md` has its promises, rule by rule.
 *
 * ```ts
 * const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
 * await saver.setup();
 * const app = graph.compile({ checkpointer: saver });
 * await app.invoke(input, { configurable: { thread_id: "user-1" } });
 * ```
 */
export class PostgresSaver extends HoldfastSaver {
  readonly #store: PostgresStore;
  readonly #createSchema: boolean;

  /**
   * @param pool a `pg.Pool`, which `end()` does not close.
   * @param serde encodes channel values and pending writes. Default: ours, which is lossless or throws.
   * @throws InvalidOptionsError
   */
  constructor(pool: PostgresPool, serde: SerializerProtocol | undefined, options?: PostgresSaverOptions);
  /**
   * @param pool a `pg.Pool`. It stays yours: `end()` does not close it.
   * @throws InvalidOptionsError
   */
  constructor(pool: PostgresPool, options?: PostgresSaverOptions);
  constructor(
    pool: PostgresPool,
    serdeOrOptions?: SerializerProtocol | PostgresSaverOptions,
    moreOptions?: PostgresSaverOptions,
  ) {
    refuseClient(pool);
    const options = saverArguments("PostgresSaver", serdeOrOptions, moreOptions);
    const { serde, retry, statementTimeoutMs, preparedStatements, tables, createSchema, ...limits } = resolveOptions(options);
    const { schemaName } = tables;
    const ownAddress = OWN_POOLS.get(pool);
    const { events } = limits;
    const db = new Connections(pool, { ownAddress, retry, statementTimeoutMs, preparedStatements, schemaName, events });
    const store = new PostgresStore(db, tables, limits.onConflict);
    super(store, serde ?? new HoldfastSerializer(), limits);
    this.#store = store;
    this.#createSchema = createSchema;
  }

  /**
   * A saver with its own pool, which `end()` closes.
   *
   * @param connString e.g. `postgres://user:password@host:5432/database`. With several hosts, `postgres://user:password@host1,host2:5433/database`, the one
   *   that takes writes is used; after a failover, another one.
   * @throws InvalidOptionsError
   */
  static fromConnString(connString: string, options: ConnectionOptions = {}): PostgresSaver {
    const { pool: settings, ofSaver } = resolvePoolOptions(options);
    const address = readConnString(connString, settings.ssl !== undefined);
    const pool = openPool(address, settings);
    OWN_POOLS.set(pool, address.name);
    return new PostgresSaver(pool, ofSaver);
  }

  /**
   * Creates the tables, or brings them up to date. Call it when your service starts: any number of processes may do so at once.
   *
   * @returns no warnings, up to now: on Redis there are some.
   * @throws SchemaTooNewError, UnsupportedServerError, StoreUnavailableError, StoreFailureError
   */
  async setup(options?: OperationOptions): Promise<SetupReport> {
    await underOptions("setup", options, () => this.#store.setup(this.#createSchema));
    return { warnings: [] };
  }
}

/** A client can be connected like a pool, but once, and for one operation at a time. Only clients quote. */
function refuseClient(pool: unknown): void {
  if (typeof (pool as { readonly escapeIdentifier?: unknown } | null | undefined)?.escapeIdentifier !== "function") return;
  throw new InvalidOptionsError(
    "PostgresSaver needs a pg.Pool, and this is a client, which is one connection: new PostgresSaver(new pg.Pool({ connectionString })).",
  );
}

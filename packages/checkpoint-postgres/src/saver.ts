import { HoldfastSaver, HoldfastSerializer, InvalidOptionsError } from "@holdfast/checkpoint-core";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { type ConnectionOptions, type PostgresSaverOptions, resolveOptions, resolvePoolOptions } from "./options.js";
import { Connections, type PostgresPool } from "./pool.js";
import { PostgresStore } from "./store.js";

/** Pools that a saver opened itself, and closes. */
const OWN_POOLS = new WeakSet<PostgresPool>();

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
  constructor(pool: PostgresPool, serde: SerializerProtocol = new HoldfastSerializer(), options?: PostgresSaverOptions) {
    const { retry, statementTimeoutMs, preparedStatements, tables, createSchema, ...limits } = resolveOptions(options);
    const { schemaName } = tables;
    const owned = OWN_POOLS.has(pool);
    const db = new Connections(pool, { owned, retry, statementTimeoutMs, preparedStatements, schemaName });
    const store = new PostgresStore(db, tables, limits.onConflict);
    super(store, serde, limits);
    this.#store = store;
    this.#createSchema = createSchema;
  }

  /**
   * A saver with its own pool, which `end()` closes.
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
    await this.#store.setup(this.#createSchema);
  }
}

/** Otherwise the pool would fail at the first operation, and blame the network. */
function checkConnString(connString: unknown): void {
  const form = "Write postgres://user:password@host:5432/database.";
  if (typeof connString !== "string" || connString === "")
    throw new InvalidOptionsError(`The connection string is empty. ${form}`);
  if (URL.canParse(connString) && !/^(postgres(ql)?|socket):/i.test(connString)) {
    throw new InvalidOptionsError(`The connection string is not for Postgres. ${form}`);
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

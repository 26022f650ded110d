import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { InvalidOptionsError, SaverClosedError } from "@holdfast/checkpoint-core";
import { entryCache, type RetryPolicy, retry } from "@holdfast/checkpoint-core/adapter";
import { isAboutStatementName, isTransient, leavesConnectionUsable, type ServerName, toHoldfastError } from "./errors.js";

/** The part of `pg.Pool` that the saver uses. Any `pg.Pool` fits, that of `@neondatabase/serverless` too. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "acquire", listener: (client: PostgresClient) => void): unknown;
  /** Whether its `end()` was called. */
  readonly ending?: boolean;
}

/** The part of `pg.PoolClient` that the saver uses. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ readonly rows: readonly Row[] }>;
  query(script: PostgresScript): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  release(destroy?: boolean): void;
}

export interface PostgresQuery {
  /** Prepared under this name, once per connection. */
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
  readonly rowMode: "array";
  readonly types: { getTypeParser(): (value: string) => string };
  readonly query_timeout: number;
}

/** Statements without parameters, sent together. */
export interface PostgresScript {
  readonly text: string;
  readonly query_timeout: number;
}

/** One row of a result: each column as the text that Postgres sent. */
export type Row = readonly (string | null)[];

/** A statement with its parameters. Buffers travel as binary. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Its name as a prepared statement. Only for statements of every superstep or run with few different texts: a server keeps a plan for each text and connection. */
  readonly name?: string;
}

/** Returns columns as text, whatever type parsers the application has set on `pg`; operations decode them (`columns.ts`). */
const RAW_COLUMNS = { getTypeParser: () => (value: string) => value };

/** Runs statements on a pool, with retries, and turns failures into errors of the Holdfast family. */
export class Connections {
  readonly #pool: PostgresPool;
  readonly #owned: boolean;
  readonly #retry: RetryPolicy;
  /** When a statement is given up, in milliseconds. */
  readonly statementTimeoutMs: number;
  /** Whether statements are named: until a pooler turns out not to track names. */
  #namesStatements: boolean;
  readonly #server: ServerName;
  readonly #closing = new AbortController();

  constructor(
    pool: PostgresPool,
    settings: {
      readonly owned: boolean;
      readonly retry: RetryPolicy;
      readonly statementTimeoutMs: number;
      readonly preparedStatements: boolean;
      readonly schemaName: string;
    },
  ) {
    if (typeof pool?.connect !== "function" || typeof pool.on !== "function") {
      throw new InvalidOptionsError("PostgresSaver needs a pg.Pool: new PostgresSaver(new pg.Pool({ connectionString })).");
    }
    this.#pool = pool;
    this.#owned = settings.owned;
    this.#retry = settings.retry;
    this.statementTimeoutMs = settings.statementTimeoutMs;
    this.#namesStatements = settings.preparedStatements;
    this.#server = { host: hostOf(pool), schemaName: settings.schemaName };
    // Each operation that waits for a retry listens; Node would warn of a leak at the eleventh.
    setMaxListeners(0, this.#closing.signal);
    surviveLostConnections(pool);
  }

  get server(): ServerName {
    return this.#server;
  }

  /**
   * Runs one idempotent statement. It may run more than once.
   *
   * @param operation the method that the user called, for error messages.
   * @throws SaverClosedError, StoreUnavailableError, StoreFailureError, SetupRequiredError
   */
  async run(operation: string, statement: Statement): Promise<readonly Row[]> {
    return this.withClient(operation, (client) => this.execute(client, statement));
  }

  /** One statement on a client, without retry. */
  async execute(client: PostgresClient, { text, values, name }: Statement): Promise<readonly Row[]> {
    const isNamed = this.#namesStatements && name !== undefined && values.length <= MAX_NAMED_PARAMETERS;
    const result = await client.query({
      ...(isNamed ? { name: nameOf(name, text) } : {}),
      text,
      values,
      rowMode: "array",
      types: RAW_COLUMNS,
      query_timeout: this.statementTimeoutMs,
    });
    return result.rows;
  }

  /** Statements without parameters, on a client, without retry. Their results are ignored. */
  async executeScript(client: PostgresClient, text: string): Promise<void> {
    await client.query({ text, query_timeout: this.statementTimeoutMs });
  }

  /** Lends a client to work that may run more than once. */
  async withClient<T>(operation: string, work: (client: PostgresClient) => Promise<T>): Promise<T> {
    try {
      return await retry(
        this.#retry,
        isTransient,
        async () => {
          if (this.#closing.signal.aborted || this.#pool.ending === true) throw new SaverClosedError(operation);
          const hadNames = this.#namesStatements;
          try {
            return await this.#lend(work);
          } catch (error) {
            // A pooler in transaction mode may run a statement on a connection that lacks its name. Postgres reports that before it runs anything, and
            // from then on statements are not named.
            if (!hadNames || !isAboutStatementName(error)) throw error;
            this.#namesStatements = false;
            return await this.#lend(work);
          }
        },
        this.#closing.signal,
      );
    } catch (error) {
      throw toHoldfastError(error, operation, this.#server);
    }
  }

  async #lend<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    // Pools other than pg-pool may have no event for lending a client.
    client.on("error", ignore);
    let destroy = false;
    try {
      return await work(client);
    } catch (error) {
      // After a timeout, a late answer may still arrive on this connection.
      destroy = !leavesConnectionUsable(error);
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(destroy);
    }
  }

  /** Ends the waits of retries, and the pool if the saver opened it. */
  async end(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    if (this.#owned) await this.#pool.end();
  }
}

/**
 * Statements with more parameters store several segments or slots, and have a different text for each number of them. A server keeps every plan for the life of
 * the connection.
 */
const MAX_NAMED_PARAMETERS = 21;

/** The same name for the same text in every process, because connections are shared behind a pooler. */
function nameOf(name: string, text: string): string {
  let named = names.get(text);
  if (named === undefined) {
    named = `holdfast_${name}_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    names.set(text, named);
  }
  return named;
}

/** Caches the names of frequent texts: hashing one of 3 kB takes 10 us. Each schema has its own texts. */
const names = entryCache<string>(200);

/**
 * A lost connection is an 'error' event of its client, or of the pool while the client is idle. Without a listener it ends the process. The current or next
 * statement reports the fault.
 */
function surviveLostConnections(pool: PostgresPool): void {
  // Once per pool: with one listener per saver, Node would warn of a leak at the eleventh.
  if (guardedPools.has(pool)) return;
  guardedPools.add(pool);
  pool.on("error", ignore);
  // pg-pool removes its own listener when it lends a client; the promise of connect() settles later. An error in the same packet would find no listener. So each
  // client keeps one of ours for its life.
  const guarded = new WeakSet<PostgresClient>();
  pool.on("acquire", (client) => {
    if (guarded.has(client)) return;
    guarded.add(client);
    client.on("error", ignore);
  });
}

function ignore(): void {}

/** Pools that have our listeners. */
const guardedPools = new WeakSet<PostgresPool>();

/** `host:port` of a pool, as far as its options tell. */
function hostOf(pool: PostgresPool): string {
  const { options } = pool as {
    readonly options?: { readonly host?: string; readonly port?: number; readonly connectionString?: string };
  };
  if (options?.connectionString !== undefined && URL.canParse(options.connectionString)) {
    const url = new URL(options.connectionString);
    return `${url.hostname || "localhost"}:${url.port || "5432"}`;
  }
  return `${options?.host ?? process.env.PGHOST ?? "localhost"}:${options?.port ?? process.env.PGPORT ?? 5432}`;
}

import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { InvalidOptionsError, SaverClosedError } from "@holdfast/checkpoint-core";
import {
  type Events,
  entryCache,
  type FailedTry,
  PING_POLICY,
  type RetryPolicy,
  type OperationEnd,
  retry,
  tryLimit,
  unlessOver,
  warnSometimes,
} from "@holdfast/checkpoint-core/adapter";
import { notConnString } from "./connection-string.js";
import { reasonOfRetry, type ServerName, toHoldfastError } from "./errors.js";
import { isAboutStatementName, isDatabaseError, isReadOnly, isTransient, isUnusual, leavesConnectionUsable } from "./faults.js";
import { type Distrust, ignore, Lending } from "./lending.js";

/** The part of `pg.Pool` that the saver uses. Any `pg.Pool` fits, that of `@neondatabase/serverless` too. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "acquire" | "connect", listener: (client: PostgresClient) => void): unknown;
  on(event: "release", listener: () => void): unknown;
  /** Whether `end()` was called on it. */
  readonly ending?: boolean;
  readonly totalCount?: number;
  readonly idleCount?: number;
  readonly waitingCount?: number;
  readonly options?: PoolFacts;
}

/** The options of a pool that matter here. */
interface PoolFacts {
  readonly max?: number | undefined;
  readonly connectionTimeoutMillis?: number | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly connectionString?: string | undefined;
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
  readonly #lending: Lending;
  readonly #statementTimeoutMs: number;
  /** After so long without an answer, a try is given up. Only a statement of a connection that has just answered may take longer. */
  readonly tryMs: number;
  /** How long clients may take on which nothing has come back since they were lent to an operation. */
  readonly #unproven = new WeakMap<PostgresClient, number>();
  /** Whether statements are named: until a pooler turns out not to track names. */
  #namesStatements: boolean;
  readonly #server: ServerName;
  readonly #events: Events;
  readonly #closing = new AbortController();

  constructor(
    pool: PostgresPool,
    settings: {
      /** Where a pool leads that the saver opened, and closes. */
      readonly ownAddress: string | undefined;
      readonly retry: RetryPolicy;
      readonly statementTimeoutMs: number;
      readonly preparedStatements: boolean;
      readonly schemaName: string;
      readonly events: Events;
    },
  ) {
    if (typeof pool?.connect !== "function" || typeof pool.on !== "function") {
      throw new InvalidOptionsError("PostgresSaver needs a pg.Pool: new PostgresSaver(new pg.Pool({ connectionString })).");
    }
    const fault = notConnString(pool.options?.connectionString ?? "");
    if (fault !== undefined) throw new InvalidOptionsError(fault);
    this.#pool = pool;
    this.#owned = settings.ownAddress !== undefined;
    this.#retry = settings.retry;
    this.#statementTimeoutMs = settings.statementTimeoutMs;
    this.tryMs = tryLimit(settings.retry, settings.statementTimeoutMs);
    this.#namesStatements = settings.preparedStatements;
    this.#events = settings.events;
    this.#server = { host: settings.ownAddress ?? hostOf(pool), schemaName: settings.schemaName };
    // Each operation that waits for its next try listens; Node would warn of a leak at the eleventh.
    setMaxListeners(0, this.#closing.signal);
    this.#lending = Lending.of(pool);
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
  run(operation: string, statement: Statement): Promise<readonly Row[]> {
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
      query_timeout: this.#limitOf(client),
    });
    this.#unproven.delete(client);
    return result.rows;
  }

  #limitOf(client: PostgresClient): number {
    return this.#unproven.get(client) ?? this.#statementTimeoutMs;
  }

  /** Statements without parameters, on a client, without retry. Their results are not looked at. */
  async executeScript(client: PostgresClient, text: string): Promise<void> {
    await client.query({ text, query_timeout: this.#limitOf(client) });
    this.#unproven.delete(client);
  }

  /** One round trip, within {@link PING_POLICY}. */
  async ping(): Promise<void> {
    const ask = async (client: PostgresClient): Promise<unknown> => this.execute(client, { text: "select 1", values: [] });
    await this.#withRetries("ping", { ...this.#retry, ...PING_POLICY }, ask);
  }

  /** Lends a client to work that may run more than once. */
  withClient<T>(operation: string, work: (client: PostgresClient) => Promise<T>): Promise<T> {
    return this.#withRetries(operation, this.#retry, work);
  }

  #withRetries<T>(operation: string, policy: RetryPolicy, work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const tell = this.#events.retrying(operation, (error) => toHoldfastError(error, operation, this.#server));
    const onRetry = (failed: FailedTry): void => {
      if (policy === this.#retry) this.#warn(operation, failed);
      tell?.(failed);
    };
    let distrust: Distrust | undefined;
    const attempt = async (end: OperationEnd | undefined): Promise<T> => {
      if (this.#closing.signal.aborted || this.#pool.ending === true) throw new SaverClosedError(operation);
      const hadNames = this.#namesStatements;
      const begun = performance.now();
      try {
        return await this.#lend(work, policy, end, distrust);
      } catch (error) {
        if (isReadOnly(error)) distrust = { of: "read-only", since: performance.now() };
        else if (!isDatabaseError(error)) distrust ??= { of: "silent", since: begun };
        // A pooler in transaction mode may run a statement on a connection that lacks its name. Postgres reports that before it runs anything, and
        // from then on statements are not named.
        if (!hadNames || !isAboutStatementName(error)) throw error;
        return await this.#lend(work, policy, end, distrust);
      }
    };
    return retry(policy, isTransient, attempt, {
      giveUp: this.#closing.signal,
      onRetry,
      toError: (error) => toHoldfastError(error, operation, this.#server),
    });
  }

  #warn(operation: string, { error, attempt, delayMs, leftMs }: FailedTry): void {
    if (attempt > 1 || !isUnusual(error)) return;
    const { host } = this.#server;
    const seconds = Math.round((delayMs + leftMs) / 1_000);
    const text = `${operation}: Postgres at ${host} is unavailable, and is retried for ${seconds} s: ${reasonOfRetry(error)}.`;
    warnSometimes("HOLDFAST_RETRYING", host, text);
  }

  async #lend<T>(
    work: (client: PostgresClient) => Promise<T>,
    policy: RetryPolicy,
    end: OperationEnd | undefined,
    distrust: Distrust | undefined,
  ): Promise<T> {
    const limitMs = tryLimit(policy, this.#statementTimeoutMs);
    const client = await this.#lending.lend(limitMs, end, distrust);
    // A pool that is not pg-pool may not say when it lends a client.
    client.on("error", ignore);
    this.#unproven.set(client, limitMs);
    let destroy = false;
    try {
      const result = await unlessOver(end, work(client));
      this.#lending.noteAnswer(client);
      return result;
    } catch (error) {
      // Before somebody else has the connection.
      if (isAboutStatementName(error)) this.#namesStatements = false;
      // After a timeout or an abort the answer may still arrive on this connection, and after a lost connection nothing will.
      destroy = end?.isOver === true || !leavesConnectionUsable(error);
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

/** `host:port` of a pool, as far as its options tell. */
function hostOf(pool: PostgresPool): string {
  const { options } = pool;
  if (options?.connectionString !== undefined && URL.canParse(options.connectionString)) {
    const url = new URL(options.connectionString);
    return `${url.hostname || "localhost"}:${url.port || "5432"}`;
  }
  return `${options?.host ?? process.env.PGHOST ?? "localhost"}:${options?.port ?? process.env.PGPORT ?? 5432}`;
}

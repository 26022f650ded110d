import type { PostgresClient, PostgresPool } from "@holdfast/checkpoint-postgres";
import pg from "pg";

/** A real pool that counts the statements sent through it: each is one round trip. */
export class CountedPool implements PostgresPool {
  readonly #pool: pg.Pool;
  statements = 0;
  /** Done before each client is lent: within a transaction, others would wait for its locks. */
  before: (() => Promise<void>) | undefined;
  /** Connections that could not be made. */
  refusals = 0;

  constructor(connectionString: string, max = 4) {
    this.#pool = new pg.Pool({ connectionString, max });
  }

  async connect(): Promise<PostgresClient> {
    await this.before?.();
    const client = (await this.#connect()) as unknown as PostgresClient;
    return new Proxy(client, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          if (property === "query") this.statements += 1;
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      this.refusals += 1;
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  readonly on: PostgresPool["on"] = (event: string, listener: (argument: never) => void) =>
    this.#pool.on(event as "error", listener as () => void);

  /** Connections that are lent out and were not given back. */
  get lent(): number {
    return this.#pool.totalCount - this.#pool.idleCount;
  }
}

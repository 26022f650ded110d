import type { PostgresClient, PostgresPool } from "@holdfast/checkpoint-postgres";
import type { CountedPool } from "./counted-pool.js";

export interface SentStatement {
  readonly text: string;
  readonly values: unknown[];
}

/** Keeps what a saver sends. */
export class RecordingPool implements PostgresPool {
  readonly #pool: CountedPool;
  readonly #onSend: (statement: SentStatement) => void;
  sent: SentStatement[] = [];

  /** @param onSend may throw: then the statement is not sent. */
  constructor(pool: CountedPool, onSend: (statement: SentStatement) => void = () => {}) {
    this.#pool = pool;
    this.#onSend = onSend;
  }

  async connect(): Promise<PostgresClient> {
    const client = await this.#pool.connect();
    return new Proxy(client, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (property !== "query" || typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          const statement = args[0] as SentStatement;
          this.#onSend(statement);
          this.sent.push(statement);
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  end = async (): Promise<void> => this.#pool.end();
  readonly on: PostgresPool["on"] = (event: string, listener: (argument: never) => void) =>
    this.#pool.on(event as "error", listener as () => void);
}

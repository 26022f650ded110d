import { type OperationEnd, unlessOver } from "@holdfast/checkpoint-core/adapter";
import type { PostgresClient, PostgresPool } from "./pool.js";

/** After a fault: the connections that are not to be used for another try. */
export interface Distrust {
  /** `"silent"`: on which nothing has come back since. `"read-only"`: made before, and so to a server that takes no writes. */
  readonly of: "silent" | "read-only";
  /** By `performance.now()`. */
  readonly since: number;
}

/** Lends the clients of one pool, to all savers on it. */
export class Lending {
  readonly #pool: PostgresPool;
  /** When each client was connected, and when something last came back on it. */
  readonly #made = new WeakMap<PostgresClient, number>();
  readonly #answered = new WeakMap<PostgresClient, number>();
  #lent: number;

  private constructor(pool: PostgresPool) {
    this.#pool = pool;
    this.#lent = (pool.totalCount ?? 0) - (pool.idleCount ?? 0);
    surviveLostConnections(pool);
    closeFailedConnections(pool as { Client?: ClientClass });
    pool.on("connect", (client) => {
      this.#made.set(client, performance.now());
      this.#answered.set(client, performance.now());
    });
    pool.on("acquire", () => {
      this.#lent += 1;
    });
    pool.on("release", () => {
      this.#lent -= 1;
    });
  }

  /** One for each pool: Node would warn of a leak at the eleventh listener, and a pool outlives savers. */
  static of(pool: PostgresPool): Lending {
    let lending = lendings.get(pool);
    if (lending === undefined) {
      lending = new Lending(pool);
      lendings.set(pool, lending);
    }
    return lending;
  }

  /**
   * A client to be released, for a try that waits for it so long at most, where the pool itself sets no limit.
   *
   * @throws what the pool throws, an Error when it takes too long, the reason of the operation's end.
   */
  lend(limitMs: number, end: OperationEnd | undefined, distrust: Distrust | undefined): Promise<PostgresClient> {
    // One that is idle, and that nobody else waits for, is lent in the next tick: there is nothing to wait for. That spares 5 promises and a timer.
    const { idleCount = 0, waitingCount = 0 } = this.#pool;
    if (idleCount > waitingCount && distrust === undefined) return this.#pool.connect();
    return this.#lendAnother(limitMs, end, distrust);
  }

  async #lendAnother(limitMs: number, end: OperationEnd | undefined, distrust: Distrust | undefined): Promise<PostgresClient> {
    let client = await this.#connect(limitMs, end);
    for (let idle = this.#pool.idleCount ?? 0; idle > 0 && this.#isDistrusted(client, distrust); idle -= 1) {
      client.release(true);
      client = await this.#connect(limitMs, end);
    }
    return client;
  }

  noteAnswer(client: PostgresClient): void {
    this.#answered.set(client, performance.now());
  }

  #isDistrusted(client: PostgresClient, distrust: Distrust | undefined): boolean {
    if (distrust === undefined) return false;
    const proof = distrust.of === "silent" ? this.#answered : this.#made;
    return (proof.get(client) ?? Number.NEGATIVE_INFINITY) <= distrust.since;
  }

  async #connect(limitMs: number, end: OperationEnd | undefined): Promise<PostgresClient> {
    const askedAt = performance.now();
    const connecting = this.#pool.connect();
    try {
      return await unlessOver(end, this.#pool.options?.connectionTimeoutMillis ? connecting : within(limitMs, connecting));
    } catch (error) {
      // Whatever comes yet is nobody's.
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      const { max } = this.#pool.options ?? {};
      if (max === undefined || this.#lent < max || end?.isOver === true) throw error;
      const ms = Math.round(performance.now() - askedAt);
      throw new Error(`the pool's ${max} connections were all in use for ${ms} ms`, { cause: error });
    }
  }
}

const lendings = new WeakMap<PostgresPool, Lending>();

async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A lost connection is an 'error' event of its client, or of the pool while the client is idle. Without a listener it ends the process. What matters of the
 * fault shows in the statement that runs, or in the next one.
 */
function surviveLostConnections(pool: PostgresPool): void {
  pool.on("error", ignore);
  // pg-pool lends a client in the event in which it becomes free, and takes its own listener off; the promise of connect() settles later. An error in the
  // same packet would find no listener. So each client keeps one of ours for its life.
  const guarded = new WeakSet<PostgresClient>();
  pool.on("acquire", (client) => {
    if (guarded.has(client)) return;
    guarded.add(client);
    client.on("error", ignore);
  });
}

/** What pg-pool makes clients of. */
type ClientClass = new (
  options?: unknown,
) => {
  connect(callback?: (error: Error | undefined, ...rest: unknown[]) => void): unknown;
  readonly connection?: { readonly stream?: { destroy(): void } };
};

/**
 * A connection that is not let in stays open, where the client itself finds the fault (a password that is missing, SASL): until the server gives up, after a
 * minute, it counts among the connections that others may have.
 */
function closeFailedConnections(pool: { Client?: ClientClass }): void {
  const { Client } = pool;
  if (typeof Client !== "function") return;
  pool.Client = class extends Client {
    override connect(callback?: (error: Error | undefined, ...rest: unknown[]) => void): unknown {
      if (callback === undefined) return super.connect();
      return super.connect((error, ...rest) => {
        if (error) this.connection?.stream?.destroy();
        callback(error, ...rest);
      });
    }
  };
}

export function ignore(): void {}

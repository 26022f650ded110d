import type { ConnectionOptions as TlsOptions } from "node:tls";
import pg from "pg";
import type { Address } from "./connection-string.js";
import { isTransient } from "./faults.js";
import type { PostgresPool } from "./pool.js";

export interface PoolSettings {
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly ssl: boolean | TlsOptions | undefined;
}

/** A network that has forgotten a connection says so to whoever asks on it: before the usual five minutes of idleness are over, and while we wait. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** A pool of our own. */
export function openPool({ urls }: Address, { poolSize, connectTimeoutMs, ssl }: PoolSettings): PostgresPool {
  const config: pg.PoolConfig = {
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    ...(ssl === undefined ? {} : { ssl }),
  };
  const pool = urls.length === 1 ? new pg.Pool({ ...config, connectionString: urls[0] }) : openOnHosts(urls, config);
  return pool as unknown as PostgresPool;
}

/** The server does not take writes. */
class ReplicaError extends Error {}

/**
 * A pool on the one of several servers that takes writes. Each new connection is asked whether its server does; one that does not, or that cannot be reached,
 * makes way for the next, so that after a failover the new primary is found.
 */
function openOnHosts(urls: readonly string[], config: pg.PoolConfig): pg.Pool {
  let current = 0;
  class HostClient extends pg.Client {
    constructor(options?: pg.ClientConfig) {
      super({ ...options, connectionString: urls[current] as string });
    }
  }
  const verify = (client: pg.ClientBase, done: (error?: Error) => void): void => {
    const question = {
      text: "show transaction_read_only",
      rowMode: "array" as const,
      query_timeout: config.connectionTimeoutMillis,
    };
    client
      .query<[string]>(question)
      .then(
        ({ rows: [row] }) => done(row?.[0] === "on" ? new ReplicaError("the server is read-only, a replica") : undefined),
        done,
      );
  };
  const pool = new pg.Pool({ ...config, Client: HostClient, verify } as pg.PoolConfig);
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  const connectToPrimary = async (): Promise<pg.PoolClient> => {
    for (let asked = 1; ; asked += 1) {
      const tried = current;
      try {
        return await connect();
      } catch (error) {
        if (!isTransient(error)) throw error;
        // Others may have moved on meanwhile.
        if (current === tried) current = (tried + 1) % urls.length;
        if (asked === urls.length) throw error;
      }
    }
  };
  return Object.assign(pool, { connect: connectToPrimary });
}

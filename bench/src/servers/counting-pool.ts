import pg from "pg";

/** What the connections of a pool have sent and received so far, those that were closed included. */
export interface ConnectionCounters {
  statements: number;
  bytesSent: number;
  bytesReceived: number;
}

/** What the types of `pg` leave out. */
interface WithStream {
  readonly connection: { readonly stream: { readonly bytesWritten: number; readonly bytesRead: number } };
}

/** A pool of `pg` as the savers open it themselves (10 connections), which counts what goes over its connections. */
export function countingPool(url: string): { readonly pool: pg.Pool; count(): ConnectionCounters } {
  const clients: pg.Client[] = [];
  let statements = 0;
  class CountingClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      clients.push(this);
      const query = this.query;
      this.query = ((...args: Parameters<typeof query>) => {
        statements += 1;
        return query.apply(this, args);
      }) as typeof query;
    }
  }
  // Idle connections stay: one that is made in the middle of a measurement would be measured, too.
  const pool = new pg.Pool({ connectionString: url, max: 10, idleTimeoutMillis: 0, keepAlive: true, Client: CountingClient });
  pool.on("error", () => {});
  return {
    pool,
    count() {
      const streams = clients.map((client) => (client as unknown as WithStream).connection.stream);
      return {
        statements,
        bytesSent: streams.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
        bytesReceived: streams.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
      };
    },
  };
}

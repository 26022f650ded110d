import { Client } from "pg";

export interface TerminateBackendsOptions {
  /** Only backends of this database. Default: of all databases. */
  readonly database?: string;
}

/** Ends every other client's connection on the server, as an administrator or a failover does. Gives the number of those that are gone. */
export async function terminateBackends(serverUrl: string, { database }: TerminateBackendsOptions = {}): Promise<number> {
  const client = new Client({ connectionString: serverUrl });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ count: number }>(
      // With a time-out, the function returns when the backend is gone, not when the signal was sent.
      `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 10000))::int AS count
         FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND ($1::text IS NULL OR datname = $1)`,
      [database ?? null],
    );
    return rows[0]?.count ?? 0;
  } finally {
    await client.end().catch(() => {});
  }
}

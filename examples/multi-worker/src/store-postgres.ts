import { randomBytes } from "node:crypto";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { Client } from "pg";
import type { OpenStore, RunningStore, Store, StoreLocation } from "./store.js";

export const postgres: Store = { start, open };

async function open({ url, space }: StoreLocation): Promise<OpenStore> {
  const saver = PostgresSaver.fromConnString(url, { schema: space });
  await saver.setup();
  return { saver, close: () => saver.end() };
}

async function start(): Promise<RunningStore> {
  const { startPostgres } = await import("@holdfast/test-servers");
  const server = await startPostgres();
  // A schema of its own, since a given server may hold the threads of somebody else.
  const location = { url: server.url, space: `holdfast_demo_${randomBytes(4).toString("hex")}` };
  return {
    location,
    server: `PostgreSQL ${server.version} (${server.source})`,
    measure: "bytes on disk",
    storedBytes: () => storedBytes(location),
    async stop() {
      try {
        await withClient(location.url, (client) => client.query(`DROP SCHEMA IF EXISTS ${location.space} CASCADE`));
      } finally {
        await server.stop();
      }
    },
  };
}

/** Everything that the schema takes on disk: tables, indexes and TOAST. */
async function storedBytes({ url, space }: StoreLocation): Promise<number> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ bytes: string }>(
      `SELECT coalesce(sum(pg_total_relation_size(oid)), 0) AS bytes
         FROM pg_class
        WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'm')`,
      [space],
    ),
  );
  return Number(rows[0]?.bytes ?? 0);
}

async function withClient<Result>(url: string, use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

import type { ConformanceTarget, SpawnedTarget } from "@holdfast/checkpoint-conformance/runner";
import { createDatabase, type TestDatabase, terminateBackends } from "@holdfast/test-servers";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";
import { notUpstream } from "../by-design.js";
import { serverUrl } from "../server-urls.js";

const TABLES = ["checkpoints", "checkpoint_blobs", "checkpoint_writes"];

const savers = (url: string) =>
  ({
    name: "@langchain/langgraph-checkpoint-postgres",
    // A serializer cannot be given along with a connection string.
    open: async ({ serde } = {}) =>
      serde === undefined ? PostgresSaver.fromConnString(url) : new PostgresSaver(new pg.Pool({ connectionString: url }), serde),
    close: (saver) => (saver as PostgresSaver).end(),
    lifecycle: { setup: (saver) => (saver as PostgresSaver).setup() },
  }) satisfies SpawnedTarget;

/** The official saver, on a database of its own; in another process, on that of the process that started it. */
export default async function officialPostgres(given?: string): Promise<ConformanceTarget | SpawnedTarget> {
  if (given !== undefined) return savers(given);
  const server = await serverUrl("POSTGRES");
  const databases: TestDatabase[] = [];
  const empty = async (): Promise<TestDatabase> => {
    const database = await createDatabase(server);
    databases.push(database);
    return database;
  };
  const { url } = await empty();
  const { lifecycle, ...target } = savers(url);
  const first = PostgresSaver.fromConnString(url);
  await first.setup();
  await first.end();
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  // Its connections are cut as those of the savers are; the next query opens another.
  pool.on("error", () => {});
  return {
    ...target,
    supports: notUpstream,
    inspect: async (threadId) => {
      const rows = TABLES.map((table) => pool.query(`select 1 from ${table} where thread_id = $1`, [threadId]));
      return Object.fromEntries((await Promise.all(rows)).map(({ rowCount }, n) => [TABLES[n], rowCount ?? 0]));
    },
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const database = await empty();
        return Array.from({ length: count }, () => PostgresSaver.fromConnString(database.url));
      },
      ...lifecycle,
    },
    spawn: async ({ onEmptyStore }) => ({ module: import.meta.url, store: onEmptyStore ? (await empty()).url : url }),
    interrupt: async () => void (await terminateBackends(url, { database: new URL(url).pathname.slice(1) })),
    dispose: async () => {
      await pool.end();
      await Promise.all(databases.map((each) => each.drop()));
    },
  };
}

import type { ConformanceTarget } from "@holdfast/checkpoint-conformance/runner";
import { createDatabase, type TestDatabase } from "@holdfast/test-servers";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";
import { notUpstream } from "../by-design.js";
import { serverUrl } from "../server-urls.js";

const TABLES = ["checkpoints", "checkpoint_blobs", "checkpoint_writes"];

/** The official saver, on a database of its own. */
export default async function officialPostgres(): Promise<ConformanceTarget> {
  const server = await serverUrl("POSTGRES");
  const databases: TestDatabase[] = [];
  const empty = async (): Promise<TestDatabase> => {
    const database = await createDatabase(server);
    databases.push(database);
    return database;
  };
  const { url } = await empty();
  const first = PostgresSaver.fromConnString(url);
  await first.setup();
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  return {
    name: "@langchain/langgraph-checkpoint-postgres",
    supports: notUpstream,
    open: async ({ serde } = {}) => new PostgresSaver(new pg.Pool({ connectionString: url, max: 6 }), serde),
    close: (saver) => (saver as PostgresSaver).end(),
    inspect: async (threadId) => {
      const rows = TABLES.map((table) => pool.query(`select 1 from ${table} where thread_id = $1`, [threadId]));
      return Object.fromEntries((await Promise.all(rows)).map(({ rowCount }, n) => [TABLES[n], rowCount ?? 0]));
    },
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const database = await empty();
        return Array.from({ length: count }, () => PostgresSaver.fromConnString(database.url));
      },
      setup: (saver) => (saver as PostgresSaver).setup(),
    },
    dispose: async () => {
      await first.end();
      await pool.end();
      await Promise.all(databases.map((each) => each.drop()));
    },
  };
}

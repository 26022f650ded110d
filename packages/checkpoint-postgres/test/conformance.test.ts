import { checkpointConformance, holdfastErrors, type OpenOptions } from "@holdfast/checkpoint-conformance";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { rowsOf } from "./rows.js";
import { databaseWithTables, emptyDatabase } from "./saver-database.js";

let database: TestDatabase;
const empty: TestDatabase[] = [];
const pools = new Map<unknown, CountedPool>();

beforeAll(async () => {
  database = await databaseWithTables();
});
afterAll(async () => {
  await Promise.all([database, ...empty].map((each) => each?.drop()));
});

async function open(url: string, options: OpenOptions = {}): Promise<PostgresSaver> {
  const pool = new CountedPool(url);
  const saver = new PostgresSaver(pool, options.serde);
  pools.set(saver, pool);
  return saver;
}

checkpointConformance({
  name: "@holdfast/checkpoint-postgres",
  errors: holdfastErrors,
  open: (options) => open(database.url, options),
  close: async (saver) => {
    await (saver as PostgresSaver).end();
    await pools.get(saver)?.end();
    pools.delete(saver);
  },
  inspect: (threadId) => rowsOf(database.url, threadId),
  roundTrips: (saver) => pools.get(saver)?.statements ?? 0,
  lifecycle: {
    openOnEmptyStore: async (count) => {
      const fresh = await emptyDatabase();
      empty.push(fresh);
      return Promise.all(Array.from({ length: count }, () => open(fresh.url)));
    },
    setup: (saver) => (saver as PostgresSaver).setup(),
  },
});

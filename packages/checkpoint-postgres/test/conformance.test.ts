import { checkpointConformance, holdfastErrors } from "@holdfast/checkpoint-conformance";
import type { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll } from "vitest";
import { closePooled, openPooled, poolOf } from "./pooled-savers.js";
import { rowsOf } from "./rows.js";
import { databaseWithTables, emptyDatabase } from "./saver-database.js";

let database: TestDatabase;
const empty: TestDatabase[] = [];

beforeAll(async () => {
  database = await databaseWithTables();
});
afterAll(async () => {
  await Promise.all([database, ...empty].map((each) => each?.drop()));
});

checkpointConformance(
  {
    name: "@holdfast/checkpoint-postgres",
    errors: holdfastErrors,
    open: async ({ serde, ...options } = {}) => openPooled(database.url, options, serde),
    close: (saver) => closePooled(saver as PostgresSaver),
    inspect: (threadId) => rowsOf(database.url, threadId),
    roundTrips: (saver) => poolOf(saver).statements,
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const fresh = await emptyDatabase();
        empty.push(fresh);
        return Array.from({ length: count }, () => openPooled(fresh.url));
      },
      setup: (saver) => (saver as PostgresSaver).setup(),
    },
  },
  // None is skipped. A case that is added or taken out is counted here.
  { expectedCases: 248 },
);

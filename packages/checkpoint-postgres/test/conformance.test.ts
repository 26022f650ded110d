import { type BundledChild, bundleChild } from "@holdfast/adapter-tests";
import { checkpointConformance, holdfastErrors } from "@holdfast/checkpoint-conformance";
import type { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { type TestDatabase, terminateBackends } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect } from "vitest";
import { closePooled, openPooled, poolOf } from "./pooled-savers.js";
import { rowsOf } from "./rows.js";
import { databaseWithTables, emptyDatabase } from "./saver-database.js";

let database: TestDatabase;
let otherProcess: BundledChild;
const empty: TestDatabase[] = [];

beforeAll(async () => {
  const module = new URL("./children/conformance-target.ts", import.meta.url);
  [database, otherProcess] = await Promise.all([databaseWithTables(), bundleChild(module)]);
});
afterAll(async () => {
  await Promise.all([database, ...empty].map((each) => each?.drop()));
  await otherProcess?.remove();
});

async function newEmpty(): Promise<TestDatabase> {
  const fresh = await emptyDatabase();
  empty.push(fresh);
  return fresh;
}

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
        const fresh = await newEmpty();
        return Array.from({ length: count }, () => openPooled(fresh.url));
      },
      setup: (saver) => (saver as PostgresSaver).setup(),
    },
    spawn: async ({ onEmptyStore }) => {
      const { url } = onEmptyStore ? await newEmpty() : database;
      return { module: otherProcess.path, store: url };
    },
    interrupt: async () => {
      const ended = await terminateBackends(database.url, { database: new URL(database.url).pathname.slice(1) });
      expect(ended, "connections that were cut").toBeGreaterThan(0);
    },
  },
  // None is skipped. A case that is added or taken out is counted here.
  { expectedCases: 260 },
);

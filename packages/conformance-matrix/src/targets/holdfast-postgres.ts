import { type ConformanceTarget, holdfastErrors } from "@holdfast/checkpoint-conformance/runner";
import type { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { createDatabase, type TestDatabase } from "@holdfast/test-servers";
import { closePooled, openPooled, poolOf } from "../../../checkpoint-postgres/test/pooled-savers.js";
import { rowsOf } from "../../../checkpoint-postgres/test/rows.js";
import { serverUrl } from "../server-urls.js";

/** Our saver, on a database of its own. */
export default async function holdfastPostgres(): Promise<ConformanceTarget> {
  const server = await serverUrl("POSTGRES");
  const databases: TestDatabase[] = [];
  const empty = async (): Promise<TestDatabase> => {
    const database = await createDatabase(server);
    databases.push(database);
    return database;
  };
  const { url } = await empty();
  const first = openPooled(url);
  await first.setup();
  await closePooled(first);
  return {
    name: "@holdfast/checkpoint-postgres",
    errors: holdfastErrors,
    open: async ({ serde, ...options } = {}) => openPooled(url, options, serde),
    close: (saver) => closePooled(saver as PostgresSaver),
    inspect: (threadId) => rowsOf(url, threadId),
    roundTrips: (saver) => poolOf(saver).statements,
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const database = await empty();
        return Array.from({ length: count }, () => openPooled(database.url));
      },
      setup: (saver) => (saver as PostgresSaver).setup(),
    },
    dispose: async () => void (await Promise.all(databases.map((each) => each.drop()))),
  };
}

import { type ConformanceTarget, holdfastErrors, type SpawnedTarget } from "@holdfast/checkpoint-conformance/runner";
import type { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { createDatabase, type TestDatabase, terminateBackends } from "@holdfast/test-servers";
import { closePooled, openPooled, poolOf } from "../../../checkpoint-postgres/test/pooled-savers.js";
import { rowsOf } from "../../../checkpoint-postgres/test/rows.js";
import { serverUrl } from "../server-urls.js";

const savers = (url: string) =>
  ({
    name: "@holdfast/checkpoint-postgres",
    open: async ({ serde, ...options } = {}) => openPooled(url, options, serde),
    close: (saver) => closePooled(saver as PostgresSaver),
    lifecycle: { setup: (saver) => (saver as PostgresSaver).setup() },
  }) satisfies SpawnedTarget;

/** Our saver, on a database of its own; in another process, on that of the process that started it. */
export default async function holdfastPostgres(given?: string): Promise<ConformanceTarget | SpawnedTarget> {
  if (given !== undefined) return savers(given);
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
  const { lifecycle, ...target } = savers(url);
  return {
    ...target,
    errors: holdfastErrors,
    inspect: (threadId) => rowsOf(url, threadId),
    roundTrips: (saver) => poolOf(saver).statements,
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const database = await empty();
        return Array.from({ length: count }, () => openPooled(database.url));
      },
      ...lifecycle,
    },
    spawn: async ({ onEmptyStore }) => ({ module: import.meta.url, store: onEmptyStore ? (await empty()).url : url }),
    interrupt: async () => void (await terminateBackends(url, { database: new URL(url).pathname.slice(1) })),
    dispose: async () => void (await Promise.all(databases.map((each) => each.drop()))),
  };
}

import type { AdapterTarget, RestartableStore, ServerStore } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { startPostgres } from "@holdfast/test-servers";
import { postgresTarget } from "../postgres-target.js";

/** A server that may be killed, with the tables in its database `postgres`. */
export async function startServerWithTables(): Promise<RestartableStore & ServerStore> {
  const server = await startPostgres({ private: true });
  const saver = PostgresSaver.fromConnString(server.url, { poolSize: 1 });
  await saver.setup();
  await saver.end();
  const { url, host, port } = server;
  return { url, host, port, kill: () => server.kill(), start: () => server.start(), drop: () => server.stop() };
}

/** This adapter, each store on a server of its own. */
export const privateTarget = {
  ...postgresTarget,
  openStore: startServerWithTables,
} satisfies AdapterTarget<RestartableStore & ServerStore>;

import { givenUpTests } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { type ProxiedServers, startProxiedServers } from "@holdfast/test-servers";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

let network: ProxiedServers;

beforeAll(async () => {
  const { hostname, port } = new URL(inject("holdfastPostgresUrl"));
  network = await startProxiedServers([{ host: hostname, port: Number(port) }]);
});
afterAll(async () => network?.stop());

const TABLES = ["thread", "checkpoint", "segment", "pending_write", "tombstone", "sweeper"];

for (const client of ["the saver's own pool", "a pool that is given"]) {
  givenUpTests({
    client,
    network: () => network,
    async openStore() {
      const database = await databaseWithTables();
      const through = new URL(database.url);
      const [there] = Object.values(network.natMap);
      through.port = String(there?.port);
      const pools: pg.Pool[] = [];
      const savers: PostgresSaver[] = [];
      const opened = (saver: PostgresSaver): PostgresSaver => {
        savers.push(saver);
        return saver;
      };
      return {
        open({ timeoutMs, ...options }) {
          const limits = { ...options, statementTimeoutMs: timeoutMs };
          if (client === "the saver's own pool") {
            return opened(PostgresSaver.fromConnString(through.href, { ...limits, connectTimeoutMs: timeoutMs, poolSize: 3 }));
          }
          const pool = new pg.Pool({ connectionString: through.href, connectionTimeoutMillis: timeoutMs, max: 3 });
          pools.push(pool);
          return opened(new PostgresSaver(pool, undefined, limits));
        },
        openDirect: () => opened(PostgresSaver.fromConnString(database.url)),
        // With the transaction that wrote a row: one that is written again as it was is seen, too.
        contents: () =>
          Promise.all(
            TABLES.map((table) => queryRows(database.url, `select xmin::text, t::text from holdfast.${table} t order by 1, 2`)),
          ),
        async drop() {
          await Promise.all(savers.map((saver) => saver.end()));
          await Promise.all(pools.map((pool) => pool.end()));
          await database.drop();
        },
      };
    },
  });
}

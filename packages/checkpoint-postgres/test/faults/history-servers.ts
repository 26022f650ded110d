import type { ServersTarget, TestStore } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { createDatabase, startPostgres, startPostgresPair } from "@holdfast/test-servers";
import { historyTarget } from "../history-target.js";
import { queryRows } from "../rows.js";

/** A server that is killed and started again, and whose counters are as after a long life. */
export async function restartedServer(): Promise<ServersTarget> {
  const server = await startPostgres({ private: true });
  return {
    ...historyTarget,
    openStore: () => databaseOn(server.url),
    servers: {
      async restart() {
        await server.kill();
        await server.start();
      },
      moveCounters,
    },
    stop: () => server.stop(),
  };
}

/** @param mayLose what the judge is told. Default: as the standby is. */
export async function pairWithStandby(kind: "synchronous" | "lagging", mayLose = kind === "lagging"): Promise<ServersTarget> {
  const pair = await startPostgresPair({ synchronous: kind === "synchronous" });
  return {
    ...historyTarget,
    openStore: () => databaseOn(pair.url),
    servers: {
      replica: {
        mayLose,
        fallBehind: () => pair.cutOffStandby(),
        catchUp: () => pair.catchUp(),
        failOver: () => pair.promote(),
        recover: () => pair.addStandby(),
      },
    },
    stop: () => pair.stop(),
  };
}

async function databaseOn(server: string): Promise<TestStore> {
  const database = await createDatabase(server);
  const saver = PostgresSaver.fromConnString(database.url, { poolSize: 1 });
  await saver.setup();
  await saver.end();
  return database;
}

async function moveCounters(url: string, prefix: string, value: bigint): Promise<void> {
  const sequences = ["holdfast.commit_order", "holdfast.write_arrival", "holdfast.thread_thread_key_seq"];
  for (const sequence of sequences) {
    await queryRows(url, `select setval('${sequence}', greatest($1::bigint, last_value)) from ${sequence}`, [value]);
  }
  // The token of a lease that somebody has is not a counter: whoever has it would lose it.
  await queryRows(
    url,
    `update holdfast.thread set epoch = greatest(epoch, $1::bigint), commits = greatest(commits, $1::bigint),
      lease_token = case when lease_until is null then greatest(lease_token, $1::numeric * 1e18) else lease_token end
    where starts_with(thread_id, $2)`,
    [value, prefix],
  );
}

import { spawnNode } from "@holdfast/test-servers";
import type { HeapReport, HeapTask } from "../heap-process.js";
import { NONE, type Table } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { startPostgresUnderTest } from "../servers/postgres.js";
import { startRedisSaver } from "../servers/redis.js";

const MIB = 1024 * 1024;
const THREADS = 64;

/** What a process holds after work on many threads of large state. */
export const heap: Scenario = async (run) => {
  const tasks: Omit<HeapTask, "threads">[] = [];
  if (run.stores.includes("postgres")) {
    const server = await startPostgresUnderTest(run.atEnd);
    const url = await server.database("holdfast");
    for (const cacheBytes of [0, 16 * MIB, 64 * MIB]) tasks.push({ store: "holdfast postgres", url, cacheBytes });
    tasks.push({ store: "official postgres", url: await server.database("official"), cacheBytes: undefined });
  }
  if (run.stores.includes("redis")) {
    const { server } = await startRedisSaver(run.atEnd);
    for (const cacheBytes of [0, 16 * MIB, 64 * MIB]) tasks.push({ store: "holdfast redis", url: server.url, cacheBytes });
  }
  const rows: Table["rows"][number][] = [];
  for (const task of tasks) {
    const child = await spawnNode(new URL("./heap-process.mjs", import.meta.url), {
      args: [JSON.stringify({ ...task, threads: THREADS } satisfies HeapTask)],
      execArgv: ["--expose-gc"],
    });
    const { before, after } = (await child.nextMessage()) as HeapReport;
    await child.exited;
    const grown = after.heapUsed + after.external - before.heapUsed - before.external;
    const bound = task.cacheBytes === undefined ? NONE : mib(task.cacheBytes);
    rows.push([task.store, bound, mib(grown), mib(after.heapUsed), mib(after.external), mib(after.rss)]);
    run.progress(`${task.store}, a cache of ${bound}: ${mib(grown)} more than before`);
  }
  return {
    tables: [
      {
        title: `Memory of a process after ${THREADS} threads of 1 MB`,
        note: "Each thread's state of 1 MB of messages is put, grows by one message, and is read; the program keeps none of it. Then the garbage is collected. *grown* is the growth of the heap and of external memory (buffers) since the process had connected and used one small thread. RSS is the memory from the system, which V8 does not return at once.",
        columns: ["saver", "`cacheBytes`", "grown", "heap", "outside the heap", "RSS"],
        rows,
      },
    ],
  };
};

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0)} MiB`;
}

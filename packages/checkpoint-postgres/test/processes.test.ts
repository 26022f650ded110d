import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { spawnNode, type TestDatabase } from "@holdfast/test-servers";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import type { Progress } from "./children/graph-worker-messages.js";
import { CountedPool } from "./counted-pool.js";
import { queryRows } from "./rows.js";
import { databaseWithTables, emptyDatabase } from "./saver-database.js";
import { undisturbed } from "./thread-history.js";
import { WorkerProcess } from "./worker-process.js";
import { writtenValues } from "./written-values.js";

let database: TestDatabase;
let script: BundledChild;
let pool: CountedPool;
let saver: BaseCheckpointSaver;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [database, script] = await Promise.all([
    databaseWithTables(),
    bundleChild(new URL("./children/graph-worker.ts", import.meta.url)),
  ]);
  pool = new CountedPool(database.url);
  saver = new PostgresSaver(pool);
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await pool?.end();
  await Promise.all([database?.drop(), script?.remove()]);
});

async function startWorker(...args: string[]): Promise<WorkerProcess> {
  const worker = await WorkerProcess.start(script.path, database.url, args);
  workers.push(worker);
  return worker;
}

const lastValues = (told: readonly Progress[]): unknown => told.flatMap((each) => (each.kind === "done" ? [each.values] : []))[0];

/** What a thread's checkpoints read, by namespace and id. */
async function storedValues(thread: string): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for await (const { config, checkpoint } of saver.list({ configurable: { thread_id: thread } })) {
    values[`${config.configurable?.checkpoint_ns} ${checkpoint.id}`] = writtenValues(checkpoint);
  }
  return values;
}

it("C-35 two processes run one thread at once, 100 pairs: every checkpoint reads what its run put", {
  timeout: 180_000,
}, async () => {
  const pair = await Promise.all([startWorker(), startWorker()]);
  for (let thread = 0; thread < 20; thread += 1) {
    const put: Record<string, unknown> = {};
    // Five pairs on one thread, so that most of them build on what other pairs left.
    for (let round = 0; round < 5; round += 1) {
      const told = await Promise.all(
        pair.map((worker, n) => worker.run({ thread: `pair-${thread}`, order: `${thread}.${round} by ${n}` })),
      );
      for (const each of told.flat()) if (each.kind === "put") put[`${each.ns} ${each.id}`] = each.values;
    }
    expect(await storedValues(`pair-${thread}`)).toEqual(put);
  }
});

it("C-10 a process whose clock is an hour behind runs the next turn, and every other process sees it", async () => {
  const [right, behind, other] = await Promise.all([startWorker(), startWorker("--hours-behind=1"), startWorker()]);
  const thread = "clocks";
  await right.run({ thread, order: "first" });
  const second = lastValues(await behind.run({ thread, order: "second" }));
  expect(second, "the one that is behind builds on the first turn").toEqual((await undisturbed(["first", "second"])).values);
  const latest = await saver.getTuple({ configurable: { thread_id: thread } });
  expect(Date.parse(latest?.checkpoint.ts ?? ""), "its clock was indeed behind").toBeLessThan(Date.now() - 3_000_000);
  expect(latest?.checkpoint.channel_values).toMatchObject(second as Record<string, unknown>);
  const third = lastValues(await other.run({ thread, order: "third" }));
  expect(third, "the third turn builds on the second").toEqual((await undisturbed(["first", "second", "third"])).values);
});

it("C-80 20 processes set up an empty database at once", { timeout: 180_000 }, async () => {
  const [empty, setUp] = await Promise.all([emptyDatabase(), bundleChild(new URL("./children/set-up.ts", import.meta.url))]);
  const env = { HOLDFAST_TEST_URL: empty.url };
  const children = await Promise.all(Array.from({ length: 20 }, () => spawnNode(setUp.path, { env })));
  await Promise.all(children.map((child) => child.nextMessage()));
  await Promise.all(children.map((child) => child.send("go")));
  const outcomes = await Promise.all(children.map((child) => child.nextMessage()));
  expect(outcomes).toEqual(children.map(() => "set up"));
  expect(await queryRows(empty.url, "select version from holdfast.migration")).toEqual([{ version: 1 }]);
  await Promise.all(children.map((child) => child.exited));
  await Promise.all([empty.drop(), setUp.remove()]);
});

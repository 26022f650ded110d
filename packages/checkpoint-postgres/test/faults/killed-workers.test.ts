import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { PostgresServer } from "@holdfast/test-servers";
import type { CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "../bundled-child.js";
import type { AcknowledgedWrites, Progress, Turn } from "../children/graph-worker-messages.js";
import { CountedPool } from "../counted-pool.js";
import { integerOf, type Random, seeded } from "../seeded.js";
import { runOrders, undisturbed } from "../thread-history.js";
import { WorkerProcess } from "../worker-process.js";
import { writtenValues } from "../written-values.js";
import { startServerWithTables } from "./private-database.js";

const KILLS = 200;
/** What a worker tells of an undisturbed turn: 8 tasks, 11 checkpoints, 11 batches of writes, and that it is done. */
const TOLD_PER_TURN = 31;

let server: PostgresServer;
let script: BundledChild;
let pool: CountedPool;
let saver: PostgresSaver;

beforeAll(async () => {
  [server, script] = await Promise.all([startServerWithTables(), bundleChild("graph-worker")]);
  pool = new CountedPool(server.url);
  saver = new PostgresSaver(pool);
});
afterAll(async () => {
  await pool?.end();
  await Promise.all([server?.stop(), script?.remove()]);
});

const start = (): Promise<WorkerProcess> => WorkerProcess.start(script.path, server.url);
const isDone = (told: readonly Progress[]): boolean => told.some(({ kind }) => kind === "done");
const at = (thread: string, ns: string, id: string) => ({ configurable: { thread_id: thread, checkpoint_ns: ns, checkpoint_id: id } });

/** Everything that the workers were told to be stored is there. */
async function expectAllAcknowledged(thread: string, told: readonly Progress[]): Promise<void> {
  for (const each of told) {
    if (each.kind === "put") {
      const tuple = await saver.getTuple(at(thread, each.ns, each.id));
      expect(tuple && writtenValues(tuple.checkpoint), `acknowledged checkpoint ${each.id}`).toEqual(each.values);
    }
    if (each.kind === "writes") await expectWrites(thread, each);
  }
}

async function expectWrites(thread: string, { ns, id, taskId, channels }: AcknowledgedWrites): Promise<void> {
  let tuple = await saver.getTuple(at(thread, ns, id));
  if (tuple === undefined) {
    // The worker died before the checkpoint was stored, and its writes are there nevertheless: they show when it is.
    const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
    const metadata: CheckpointMetadata = { source: "update", step: 0, parents: {} };
    await saver.put({ configurable: { thread_id: thread, checkpoint_ns: ns } }, checkpoint, metadata, {});
    tuple = await saver.getTuple(at(thread, ns, id));
  }
  const stored = (tuple?.pendingWrites ?? []).filter(([task]) => task === taskId).map(([, channel]) => channel);
  expect(stored, `acknowledged writes of task ${taskId}`).toEqual(channels);
}

/** No task ran again whose writes a worker was told to be stored before it was killed. */
function expectNoneAgain(killed: readonly Progress[], resumed: readonly Progress[], durability: "sync" | "async"): void {
  const stored = new Set(killed.flatMap((each) => (each.kind === "writes" ? [each.taskId] : [])));
  const tasks = killed.flatMap((each) => (each.kind === "task" && stored.has(each.taskId) ? [each] : []));
  const again = resumed.flatMap((each) => (each.kind === "task" ? [each] : []));
  const ids = again.map(({ taskId }) => taskId);
  if (ids.some((id) => stored.has(id))) { const sh = (x: any) => x.kind + " " + (x.name ?? "") + " " + (x.taskId?.slice(0, 6) ?? "") + " " + (x.ns ?? "").slice(0, 12) + " " + (x.id?.slice(0, 18) ?? "") + (x.channels ?? ""); console.log(durability, "KILLED\n" + killed.map(sh).join("\n") + "\nRESUMED\n" + resumed.map(sh).join("\n")); }
  expect(ids.filter((id) => stored.has(id)), "tasks that ran again").toEqual([]);
  if (durability === "async") return;
  // With "sync", the checkpoint that a task belongs to is stored before it begins: so its work is not even done again as a new task.
  const names = new Set(tasks.map(({ name }) => name));
  expect(again.map(({ name }) => name).filter((name) => names.has(name)), "work that was done again").toEqual([]);
}

/** Workers one after the other: each goes on with the turn in which the one before was killed, then begins its own and is killed in it. */
async function chainOfWorkers(name: string, kills: number, random: Random): Promise<number> {
  let left: { readonly turn: Turn; readonly told: readonly Progress[] } | undefined;
  let inTheMiddle = 0;
  let next = start();
  for (let n = 0; inTheMiddle < kills || left !== undefined; n += 1) {
    const worker = await next;
    // Comes up while this one works.
    next = start();
    if (left !== undefined) {
      const { turn, told } = left;
      const resumed = await worker.run({ ...turn, resume: true });
      const done = resumed.at(-1);
      expect(done?.kind === "done" && done.values, "the state in the end").toEqual((await undisturbed([turn.order])).values);
      expectNoneAgain(told, resumed, turn.durability ?? "async");
      await expectAllAcknowledged(turn.thread, [...told, ...resumed]);
      left = undefined;
    }
    if (inTheMiddle < kills) {
      const turn: Turn = { thread: `${name} ${n}`, order: `order ${n}`, durability: process.env.DUR as any };
      const told = await worker.runAndKill(turn, integerOf(random, 0, TOLD_PER_TURN - 3));
      if (!isDone(told)) {
        inTheMiddle += 1;
        left = { turn, told };
      }
    } else {
      await worker.kill();
    }
  }
  await (await next).kill();
  return inTheMiddle;
}

it(
  `C-30 a worker is killed at ${KILLS} random moments: what was acknowledged is there, and no task with acknowledged writes runs again`,
  seeded(async (random) => {
    const chains = ["a", "b"].map((name) => chainOfWorkers(name, KILLS / 2, random));
    const kills = await Promise.all(chains);
    expect(kills.reduce((sum, each) => sum + each)).toBe(KILLS);
    expect(await runOrders(saver, "and the store works", ["last"])).toEqual((await undisturbed(["last"])).values);
  }),
);

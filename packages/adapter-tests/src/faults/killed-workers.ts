import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "../bundled-child.js";
import type { AcknowledgedPut, AcknowledgedWrites, Progress, Turn } from "../children/graph-worker-messages.js";
import { integerOf, type Random, seeded } from "../seeded.js";
import type { AdapterTarget, TestedSaver, TestStore } from "../target.js";
import { runOrders, undisturbed } from "../thread-history.js";
import { WorkerProcess } from "../worker-process.js";
import { writtenValues } from "../written-values.js";

const KILLS = 200;
/** What a worker tells of an undisturbed turn: 8 tasks, 11 checkpoints, 11 batches of writes, and that it is done. */
const TOLD_PER_TURN = 31;

interface StoredCheckpoint {
  readonly values: Record<string, unknown>;
  /** Task and channel of each pending write. */
  readonly writes: readonly string[];
}

async function storedCheckpoints(saver: TestedSaver, thread: string): Promise<ReadonlyMap<string, StoredCheckpoint>> {
  const stored = new Map<string, StoredCheckpoint>();
  for await (const { config, checkpoint, pendingWrites } of saver.list({ configurable: { thread_id: thread } })) {
    const writes = (pendingWrites ?? []).map(([task, channel]) => `${task} ${channel}`);
    stored.set(`${config.configurable?.checkpoint_ns} ${checkpoint.id}`, { values: writtenValues(checkpoint), writes });
  }
  return stored;
}

/** Everything that the workers were told to be stored is there. */
async function expectAllAcknowledged(saver: TestedSaver, thread: string, told: readonly Progress[]): Promise<void> {
  const acknowledged = told.filter(
    (each): each is AcknowledgedPut | AcknowledgedWrites => each.kind === "put" || each.kind === "writes",
  );
  const known = await storedCheckpoints(saver, thread);
  const early = new Map<string, AcknowledgedWrites>();
  for (const each of acknowledged) {
    if (each.kind === "writes" && !known.has(`${each.ns} ${each.id}`)) early.set(`${each.ns} ${each.id}`, each);
  }
  // The worker died before these checkpoints were stored, and their writes are there nevertheless: they show when the checkpoint is.
  for (const { ns, id } of early.values()) {
    const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
    await saver.put(
      { configurable: { thread_id: thread, checkpoint_ns: ns } },
      checkpoint,
      { source: "update", step: 0, parents: {} },
      {},
    );
  }
  const stored = early.size === 0 ? known : await storedCheckpoints(saver, thread);
  for (const each of acknowledged) {
    const checkpoint = stored.get(`${each.ns} ${each.id}`);
    if (each.kind === "put") expect(checkpoint?.values, `acknowledged checkpoint ${each.id}`).toEqual(each.values);
    else {
      const expected = each.channels.map((channel) => `${each.taskId} ${channel}`);
      const found = checkpoint?.writes.filter((write) => write.startsWith(each.taskId));
      expect(found, `acknowledged writes of task ${each.taskId}`).toEqual(expected);
    }
  }
}

/**
 * No task ran again whose writes a worker was told to be stored before it was killed. Of the root graph: LangGraph 1.4 does not look at the pending
 * writes of a subgraph's tasks when it goes on (it takes any `checkpoint_id` in a config, even an undefined one, for time travel).
 */
function expectNoneAgain(killed: readonly Progress[], resumed: readonly Progress[], durability: "sync" | "async"): void {
  const stored = new Set(killed.flatMap((each) => (each.kind === "writes" && each.ns === "" ? [each.taskId] : [])));
  const tasks = killed.flatMap((each) => (each.kind === "task" && stored.has(each.taskId) ? [each] : []));
  const again = resumed.flatMap((each) => (each.kind === "task" ? [each] : []));
  const ids = again.map(({ taskId }) => taskId);
  expect(
    ids.filter((id) => stored.has(id)),
    "tasks that ran again",
  ).toEqual([]);
  if (durability === "async") return;
  // With "sync", the checkpoint that a task belongs to is stored before it begins: so its work is not even done again as a new task.
  const names = new Set(tasks.map(({ name }) => name));
  expect(
    again.map(({ name }) => name).filter((name) => names.has(name)),
    "work that was done again",
  ).toEqual([]);
}

const isDone = (told: readonly Progress[]): boolean => told.some(({ kind }) => kind === "done");

/** Registers the test of worker processes that are killed. */
export function killedWorkerTests(target: AdapterTarget): void {
  let store: TestStore;
  let script: BundledChild;
  let saver: TestedSaver;

  beforeAll(async () => {
    [store, script] = await Promise.all([target.openStore(), bundleChild(new URL("graph-worker.ts", target.children))]);
    saver = target.open(store.url);
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await Promise.all([store?.drop(), script?.remove()]);
  });

  const start = (): Promise<WorkerProcess> => WorkerProcess.start(script.path, store.url);

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
        await expectAllAcknowledged(saver, turn.thread, [...told, ...resumed]);
        left = undefined;
      }
      if (inTheMiddle < kills) {
        const turn: Turn = { thread: `${name} ${n}`, order: `order ${n}`, durability: random() < 0.5 ? "sync" : "async" };
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
      const chains = ["a", "b", "c", "d"].map((name) => chainOfWorkers(name, KILLS / 4, random));
      const kills = await Promise.all(chains);
      expect(kills.reduce((sum, each) => sum + each)).toBe(KILLS);
      expect(await runOrders(saver, "and the store works", ["last"])).toEqual((await undisturbed(["last"])).values);
    }),
  );
}

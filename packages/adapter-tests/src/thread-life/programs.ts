import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { at, checkpointOf } from "../plain-checkpoints.js";
import { integerOf, type Random, seeded } from "../seeded.js";
import { text } from "./chains.js";
import type { LifeStore } from "./life-store.js";
import { asRun, type Shown, shownOf } from "./shown.js";

const STEPS = 40;
const RUNS = ["first run", "second run", "third run"];

/** Random programs: whatever is done to threads in whatever order. */
export function programTests(store: LifeStore): void {
  it(
    "C-52 C-53 C-55 C-58 whatever is done in whatever order, what stays reads as before, and nothing else is left",
    { timeout: 240_000 },
    seeded(async (random) => {
      for (let program = 0; program < 4; program += 1) await randomProgram(store, random, `program ${program}`);
    }),
  );
}

/** Puts, forks, writes, prunes, runs that are taken out, copies and deletions, by three savers, one of which remembers nothing. */
async function randomProgram(store: LifeStore, random: Random, name: string): Promise<void> {
  const reader = store.open({ cacheBytes: 0 });
  const savers = [store.open(), store.open(), reader];
  const threads = [name];
  const pick = <T>(items: readonly T[]): T => items[integerOf(random, 0, items.length - 1)] as T;
  for (let step = 0; step < STEPS; step += 1) {
    const [thread, saver] = [pick(threads), pick(savers)];
    const before = await shownOf(reader, thread);
    const ids = before.map(({ id }) => id);
    const move = ids.length === 0 ? 0 : integerOf(random, 0, 10);
    if (move < 5) {
      await putOn(saver, thread, random() < 0.6 ? ids[0] : pick(ids), step, pick(RUNS));
    } else if (move < 7) {
      const config = { ...asRun(thread, pick(RUNS)), ...at(thread, pick(ids)) };
      await saver.putWrites(config, [[pick(["log", "__interrupt__"]), text(`written ${step}`)]], `task ${step}`);
    } else if (move === 7) {
      await saver.prune([thread], { keepLast: integerOf(random, 1, 4) });
      const after = await shownOf(reader, thread);
      expect(before, "what stays reads as before").toEqual(expect.arrayContaining(after));
      expect(after[0]).toEqual(before[0]);
    } else if (move === 8) {
      await saver.deleteForRuns([pick(RUNS)]);
      // Of what runs have written, some is gone.
      expect(withoutWrites(before)).toEqual(expect.arrayContaining(withoutWrites(await shownOf(reader, thread))));
    } else if (move === 9) {
      const copy = `${name}, copy ${step}`;
      await saver.copyThread(thread, copy);
      threads.push(copy);
      expect(await shownOf(reader, copy)).toEqual(before);
    } else if (threads.length > 1) {
      await saver.deleteThread(thread);
      expect(await shownOf(reader, thread)).toEqual([]);
    }
    expect((await store.inspect(thread)).orphans, `after step ${step}`).toEqual([]);
  }
  for (const thread of threads) expect((await store.inspect(thread)).orphans).toEqual([]);
}

async function putOn(
  saver: BaseCheckpointSaver,
  thread: string,
  parent: string | undefined,
  step: number,
  run: string,
): Promise<void> {
  // Texts come back, so that checkpoints share what they have in common with others than their parents.
  const values = { log: [text(`${step % 5}`), text(`${step % 7}`)], first: text("the same in all") };
  const checkpoint = checkpointOf(values, step + 1);
  const config = { ...asRun(thread, run), ...at(thread, parent) };
  await saver.put(config, checkpoint, { source: "loop", step, parents: {} }, { ...checkpoint.channel_versions });
}

function withoutWrites(all: readonly Shown[]): Partial<Shown>[] {
  return all.map(({ writes: _, ...rest }) => rest);
}

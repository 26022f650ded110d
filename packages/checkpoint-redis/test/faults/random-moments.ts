import { integerOf, type Random, runDisturbed } from "@holdfast/adapter-tests";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";

const RUNS = 24;
/** Three turns of eight tasks each. */
const TASKS = RUNS * 24;

/** Runs graphs while something is done to the server at so many random moments, one after the other, the last of them while much is left to do. */
export async function disturbAtRandom(
  saver: BaseCheckpointSaver,
  random: Random,
  times: number,
  disturb: () => Promise<void>,
): Promise<void> {
  const longest = Math.floor(TASKS / (times + 1));
  let begun = 0;
  let done = 0;
  let next = integerOf(random, 1, longest);
  let disturbances = Promise.resolve();
  try {
    await runDisturbed(saver, RUNS, (tasks) => {
      if (tasks < next || begun === times) return;
      begun += 1;
      next = tasks + integerOf(random, 1, longest);
      disturbances = disturbances.then(async () => {
        await disturb();
        done += 1;
      });
    });
  } finally {
    await disturbances;
  }
  expect(done, "times").toBe(times);
}

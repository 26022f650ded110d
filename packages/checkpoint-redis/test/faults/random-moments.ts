import { integerOf, type Random, runDisturbed } from "@holdfast/adapter-tests";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";

const RUNS = 24;
/** Three turns of eight tasks each. */
const TASKS = RUNS * 24;

/** Runs graphs while something is done to the server at so many random moments, one after the other. */
export async function disturbAtRandom(
  saver: BaseCheckpointSaver,
  random: Random,
  times: number,
  disturb: () => Promise<void>,
): Promise<void> {
  const longest = Math.floor(TASKS / times);
  let done = 0;
  let next = integerOf(random, 1, longest);
  let disturbances = Promise.resolve();
  try {
    await runDisturbed(saver, RUNS, (tasks) => {
      if (tasks < next) return;
      next = tasks + integerOf(random, 1, longest);
      disturbances = disturbances.then(async () => {
        await disturb();
        done += 1;
      });
    });
  } finally {
    await disturbances;
  }
  expect(done, "times").toBeGreaterThanOrEqual(times);
}

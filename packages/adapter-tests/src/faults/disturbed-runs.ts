import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import { runOrders, threadHistory, undisturbed } from "../thread-history.js";

const ORDERS = ["first", "second", "third"];

/**
 * Runs three turns on each of several threads, all threads at once, while something happens to the store; then no run has failed, and every thread
 * holds what it holds when nothing happens.
 *
 * @param onTask called when a task of any run begins, with the number of them so far; the task waits for it.
 */
export async function runDisturbed(
  saver: BaseCheckpointSaver,
  count: number,
  onTask: (tasks: number) => Promise<void> | void,
): Promise<void> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  const threads = Array.from({ length: count }, (_, n) => `thread ${n}`);
  let tasks = 0;
  const countTask = (): Promise<void> | void => {
    tasks += 1;
    return onTask(tasks);
  };
  const run = (thread: string): Promise<unknown> => runOrders(saver, thread, ORDERS, countTask);
  const outcomes = await Promise.allSettled(threads.map(run));
  process.off("unhandledRejection", note);

  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  expect(failures, "failed runs").toEqual([]);
  const expected = await undisturbed(ORDERS);
  for (const [n, thread] of threads.entries()) {
    expect(outcomes[n], `what the run of ${thread} returned`).toMatchObject({ value: expected.values });
    expect(await threadHistory(saver, thread), `the history of ${thread}`).toEqual(expected.history);
  }
  expect(unhandled, "unhandled rejections").toEqual([]);
}

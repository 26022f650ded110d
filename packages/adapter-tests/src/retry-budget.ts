import { isHoldfastError } from "@holdfast/checkpoint-core";
import { expect, it } from "vitest";
import { failureOf } from "./failure.js";
import type { AdapterTarget, TestedSaver } from "./target.js";

export interface RetryBudgetTarget extends Pick<AdapterTarget, "open" | "close"> {
  /** A URL whose password is wrong. */
  wrongPassword(): string;
  /** A URL of a port where nobody listens. */
  nobodyListens(): string;
  /** How many tries of a saver that `open` made came to no connection, or to one that it was not let in on. */
  refusals(saver: TestedSaver): number;
}

/** Registers the tests of how often a fault is tried again. */
export function retryBudgetTests(target: RetryBudgetTarget): void {
  const config = { configurable: { thread_id: "1" } };

  it("C-71 an error that no repetition mends is not repeated", async () => {
    const saver = target.open(target.wrongPassword(), { retry: { maxAttempts: 50 } });
    await failureOf(() => saver.getTuple(config));
    expect(target.refusals(saver)).toBe(1);
    await target.close(saver);
  });

  it("C-71 one that a repetition may mend is tried as often as the budget says", async () => {
    const saver = target.open(target.nobodyListens(), { retry: { maxAttempts: 4, minDelayMs: 1 } });
    await failureOf(() => saver.getTuple(config));
    expect(target.refusals(saver)).toBe(4);
    await target.close(saver);
  });

  it("C-71 end() ends the waits of operations that are being retried", async () => {
    const saver = target.open(target.nobodyListens(), {
      retry: { maxAttempts: 1_000, maxElapsedMs: 600_000, minDelayMs: 300_000, maxDelayMs: 300_000 },
    });
    const reading = failureOf(() => saver.getTuple(config));
    await target.close(saver);
    expect(isHoldfastError(await reading)).toBe(true);
  });
}

import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors.js";
import { type RetryOptions, resolveRetry, retry } from "./retry.js";

const QUICK = resolveRetry({ maxAttempts: 4, minDelayMs: 1, maxDelayMs: 2 });
const isTransient = (error: unknown): boolean => (error as { code?: string }).code === "transient";

/** Fails with each error in turn, then succeeds. */
function failing(...errors: readonly unknown[]): { tries: number; run: () => Promise<string> } {
  const operation = {
    tries: 0,
    run: async () => {
      const error = errors[operation.tries];
      operation.tries += 1;
      if (error !== undefined) throw error;
      return "done";
    },
  };
  return operation;
}

const transient = (message = "lost"): Error => Object.assign(new Error(message), { code: "transient" });

describe("retry", () => {
  it("C-70 tries once when all is well", async () => {
    const operation = failing();
    await expect(retry(QUICK, isTransient, operation.run)).resolves.toBe("done");
    expect(operation.tries).toBe(1);
  });

  it("C-70 hides transient faults", async () => {
    const operation = failing(transient(), transient(), transient());
    await expect(retry(QUICK, isTransient, operation.run)).resolves.toBe("done");
    expect(operation.tries).toBe(4);
  });

  it("C-70 does not repeat what failed for good", async () => {
    const fault = new Error("transient");
    const operation = failing(transient(), fault);
    await expect(retry(QUICK, isTransient, operation.run)).rejects.toBe(fault);
    expect(operation.tries).toBe(2);
  });

  it("C-71 throws the last error when the tries are used up", async () => {
    const last = transient("fourth");
    const operation = failing(transient(), transient(), transient(), last, transient());
    await expect(retry(QUICK, isTransient, operation.run)).rejects.toBe(last);
    expect(operation.tries).toBe(4);
  });

  it("C-71 begins no try after the time is up", async () => {
    const first = transient();
    const operation = failing(first);
    await expect(retry({ ...QUICK, maxElapsedMs: 0 }, isTransient, operation.run)).rejects.toBe(first);
    expect(operation.tries).toBe(1);
  });

  it("C-71 does not start a wait that would go past the time", async () => {
    const first = transient();
    const policy = resolveRetry({ minDelayMs: 600_000, maxDelayMs: 600_000, maxElapsedMs: 60_000 });
    await expect(retry(policy, isTransient, failing(first).run)).rejects.toBe(first);
  });

  it("never waits longer than the longest wait, jitter aside", async () => {
    // 2 ** 40 ms would be 35 years.
    const operation = failing(...Array.from({ length: 40 }, () => transient()));
    await expect(
      retry(resolveRetry({ maxAttempts: 41, minDelayMs: 1, maxDelayMs: 1 }), isTransient, operation.run),
    ).resolves.toBe("done");
  });

  it("C-83 ends a wait when it is told to give up, with the error that it waited for", async () => {
    const controller = new AbortController();
    const fault = transient();
    const policy = resolveRetry({ minDelayMs: 600_000, maxDelayMs: 600_000, maxElapsedMs: 10_000_000 });
    let tries = 0;
    const operation = async (): Promise<never> => {
      tries += 1;
      setImmediate(() => controller.abort());
      throw fault;
    };
    await expect(retry(policy, isTransient, operation, { giveUp: controller.signal })).rejects.toBe(fault);
    expect(tries).toBe(1);
  });

  it("C-83 does not begin to wait after it was told to give up", async () => {
    const fault = transient();
    const operation = failing(fault);
    await expect(retry(QUICK, isTransient, operation.run, { giveUp: AbortSignal.abort() })).rejects.toBe(fault);
    expect(operation.tries).toBe(1);
  });
});

describe("resolveRetry", () => {
  it("has defaults, and takes what is given instead", () => {
    expect(resolveRetry(undefined)).toEqual({ maxAttempts: 30, maxElapsedMs: 30_000, minDelayMs: 50, maxDelayMs: 5_000 });
    expect(resolveRetry({ maxAttempts: 1 })).toEqual({ maxAttempts: 1, maxElapsedMs: 30_000, minDelayMs: 50, maxDelayMs: 5_000 });
  });

  it.for<RetryOptions>([
    { maxAttempts: 0 },
    { maxAttempts: 1.5 },
    { maxAttempts: Number.POSITIVE_INFINITY },
    { maxElapsedMs: -1 },
    { minDelayMs: Number.NaN },
    { maxDelayMs: "5" as unknown as number },
  ])("refuses %o", (options) => {
    expect(() => resolveRetry(options)).toThrow(InvalidOptionsError);
    expect(() => resolveRetry(options)).toThrow(`retry.${Object.keys(options)[0]}`);
  });
});

import { describe, expect, test } from "vitest";
import { eventually, gate } from "../src/index.js";

describe("gate", () => {
  test("holds until it is opened, and lets later ones pass", async () => {
    const crossing = gate();
    const order: string[] = [];
    const waiting = crossing.opened.then(() => order.push("passed"));
    await Promise.resolve();
    order.push("before");
    expect(crossing.isOpen).toBe(false);
    crossing.open();
    crossing.open();
    await waiting;
    await crossing.opened;
    expect(crossing.isOpen).toBe(true);
    expect(order).toEqual(["before", "passed"]);
  });
});

describe("eventually", () => {
  test("gives the first truthy value", async () => {
    let calls = 0;
    const answer: string = await eventually("it comes", () => (++calls < 3 ? undefined : "here"));
    expect(answer).toBe("here");
    expect(calls).toBe(3);
  });

  test("goes on after an error", async () => {
    let calls = 0;
    await eventually("it comes", async () => {
      if (++calls < 3) throw new Error("not yet");
      return true;
    });
    expect(calls).toBe(3);
  });

  test("says what it saw last: a value", async () => {
    await expect(eventually("two rows", () => (["one"].length === 2 ? 1 : null), { timeoutMs: 20 })).rejects.toThrow(
      "two rows: not within 20 ms; last value null",
    );
  });

  test("says what it saw last: an error", async () => {
    const failure = new Error("connection refused");
    const outcome = await eventually("it answers", () => Promise.reject(failure), { timeoutMs: 20 }).catch(
      (error: Error) => error,
    );
    expect(outcome).toMatchObject({
      message: "it answers: not within 20 ms; last error Error: connection refused",
      cause: failure,
    });
  });

  test("does not hang on a condition that hangs", async () => {
    await expect(eventually("it answers", () => new Promise(() => {}), { timeoutMs: 20 })).rejects.toThrow(
      "it answers: not within 20 ms; the condition never answered",
    );
  });
});

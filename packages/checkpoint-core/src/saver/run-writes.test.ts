import { describe, expect, it } from "vitest";
import { callRanks } from "../format/write-order.js";
import { nextCall, WritesByRun } from "./run-writes.js";
import { unhandledAfter } from "../unhandled-rejections.testing.js";

const runConfig = (signal = new AbortController().signal, writer = (): void => {}) => ({ signal, writer });

/** The writes of a run, as LangGraph has them: by the config that it passes. */
function writesOfARun() {
  const writes = new WritesByRun().of(runConfig());
  if (writes === undefined) expect.fail("LangGraph's config is that of a run.");
  return writes;
}

const refused = new Error("refused");
const refuse = (): Promise<never> => Promise.reject(refused);
const store = async (): Promise<void> => {};
/** What a promise comes to. */
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "stored",
    (error: unknown) => error,
  );

describe("the writes of a run", () => {
  it("C-71 a put that fails alone rejects: the run has no other way to learn of it", async () => {
    const run = writesOfARun();
    await run.putWrites(store);
    await expect(run.put(refuse)).rejects.toBe(refused);
  });

  it("C-71 a write during a put that fails has its error, and then the put needs none", async () => {
    const run = writesOfARun();
    const put = run.put(refuse);
    expect(await Promise.all([put, run.putWrites(store)].map(outcomeOf))).toEqual(["stored", refused]);
  });

  it("C-71 a put that fails after a write of the run leaves it at that, and nothing is stored after it", async () => {
    const run = writesOfARun();
    expect(await outcomeOf(run.putWrites(refuse))).toBe(refused);
    expect(await outcomeOf(run.put(() => Promise.reject(new Error("the same, later"))))).toBe("stored");
    const stored: string[] = [];
    await run.put(async () => void stored.push("put"));
    const late = run.putWrites(async () => void stored.push("writes"));
    expect(await outcomeOf(late), "what the nodes write that go on").toBe(refused);
    expect(stored).toEqual([]);
  });

  it("C-71 a put that succeeds is stored, whatever a write came to", async () => {
    const run = writesOfARun();
    await outcomeOf(run.putWrites(refuse));
    const stored: string[] = [];
    await run.put(async () => void stored.push("put"));
    expect(stored).toEqual(["put"]);
  });

  it("C-71 what LangGraph makes of a write that fails is handled until it looks", async () => {
    const run = writesOfARun();
    const derived: Promise<void>[] = [];
    const unhandled = await unhandledAfter(async () => {
      const put = run.put(refuse);
      derived.push(run.putWrites(store).then((value) => value));
      await put;
    });
    expect(unhandled).toEqual([]);
    await expect(derived[0]).rejects.toBe(refused);
  });

  it("C-71 no run pays for another's failure, nor a call from outside of a run", async () => {
    const writes = new WritesByRun();
    const shared = new AbortController().signal;
    const [one, another] = [writes.of(runConfig(shared)), writes.of(runConfig(shared))];
    await outcomeOf(one?.putWrites(refuse) ?? store());
    await expect(another?.put(refuse)).rejects.toBe(refused);
    expect(writes.of({ signal: shared })).toBeUndefined();
    expect(writes.of({})).toBeUndefined();
  });
});

it("C-42 calls are numbered in the order in which they are made, those that copy as of another process", () => {
  const calls = [nextCall(), nextCall(true), nextCall(), nextCall(true)];
  const arrived = calls.toReversed().map((call, n) => [call, BigInt(n)] as const);
  const ranks = callRanks(new Map(arrived));
  // Each process has the places at which its calls arrived.
  expect(calls.map((call) => ranks.get(call))).toEqual([1, 0, 3, 2]);
});

import { eventually } from "@holdfast/test-servers";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { LeaseWorkerProcess } from "./lease-worker-process.js";
import type { TestStore } from "./target.js";

/** Registers the tests of `exclusive` in several processes. */
export function exclusiveProcessTests(target: LeaseTarget): void {
  let store: TestStore;
  let script: BundledChild;
  let saver: LeasingSaver;
  const workers: LeaseWorkerProcess[] = [];

  beforeAll(async () => {
    [store, script] = await Promise.all([target.openStore(), bundleChild(new URL("lease-worker.ts", target.children))]);
    saver = target.open(store.url);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await Promise.all([store?.drop(), script?.remove()]);
  });

  async function start(count: number): Promise<LeaseWorkerProcess[]> {
    const started = await Promise.all(Array.from({ length: count }, () => LeaseWorkerProcess.start(script.path, store.url)));
    workers.push(...started);
    return started;
  }
  async function valuesOf(thread: string): Promise<Record<string, unknown> | undefined> {
    return (await saver.getTuple({ configurable: { thread_id: thread } }))?.checkpoint.channel_values;
  }
  const outcomesOf = (outcomes: readonly { readonly kind: string }[]): string[] =>
    outcomes.flatMap((each) => ("values" in each ? (each.values as string[]) : [JSON.stringify(each)]));

  it("C-94 8 processes add 50 times each to one thread's number: 400", { timeout: 180_000 }, async () => {
    const thread = "waiting for each other";
    const counting = await start(8);
    const outcomes = await Promise.all(counting.map((worker) => worker.order({ kind: "increment", thread, times: 50 })));
    expect(new Set(outcomesOf(outcomes))).toEqual(new Set(["done"]));
    expect((await valuesOf(thread))?.count).toBe(400);
  });

  it("C-94 told to reject, they add as often as they were not refused", { timeout: 180_000 }, async () => {
    const thread = "refused";
    const counting = await start(8);
    const order = { kind: "increment", thread, times: 50, whenBusy: "reject" } as const;
    const outcomes = outcomesOf(await Promise.all(counting.map((worker) => worker.order(order))));
    const done = outcomes.filter((outcome) => outcome === "done");
    expect(new Set(outcomes)).toEqual(new Set(["done", "HOLDFAST_THREAD_BUSY"]));
    expect(outcomes).toHaveLength(400);
    expect((await valuesOf(thread))?.count).toBe(done.length);
  });

  for (const durability of ["sync", "async", "exit"] as const) {
    it(`C-91 C-92 a process that stood still for three times its lease changes nothing, and lives (durability "${durability}")`, async () => {
      const thread = `stalled ${durability}`;
      const ttlMs = 1_000;
      const [stalled, other] = (await start(2)) as [LeaseWorkerProcess, LeaseWorkerProcess];
      const running = stalled.order({ kind: "steps", thread, input: "stalled", holdAt: "two", ttlMs, durability });
      await stalled.step("two");
      await stalled.freeze();
      const frozenAt = performance.now();
      // It finds this when it goes on: nothing lies between going on and writing.
      await stalled.goOn();
      expect(await other.order({ kind: "steps", thread, input: "other", ttlMs: 10_000 })).toMatchObject({ kind: "done" });
      const after = await valuesOf(thread);
      await eventually("three times its lease", () => performance.now() > frozenAt + 3 * ttlMs);
      stalled.thaw();
      expect(await running).toMatchObject({ kind: "failed", code: "HOLDFAST_LEASE_LOST" });
      await eventually("the step learns of it by its signal, or had done its work before", async () => {
        const lost = await stalled.released();
        return lost === undefined || lost === "HOLDFAST_LEASE_LOST";
      });
      expect(await valuesOf(thread)).toEqual(after);
      // What LangGraph leaves unhandled would have ended the process by now.
      expect(await stalled.order({ kind: "increment", thread: `${thread} and lives`, times: 1 })).toMatchObject({
        values: ["done"],
      });
      expect(await valuesOf(thread)).toEqual(after);
    });
  }

  it("C-92 a run's signal aborts when its lease is lost while a step goes on", async () => {
    const thread = "signal";
    const [stalled, other] = (await start(2)) as [LeaseWorkerProcess, LeaseWorkerProcess];
    // Nothing is written before the end, so that no write tells of the loss.
    const durability = "exit";
    const running = stalled.order({ kind: "steps", thread, input: "stalled", holdAt: "two", ttlMs: 1_000, durability });
    await stalled.step("two");
    await stalled.freeze();
    await other.order({ kind: "increment", thread, times: 1 });
    stalled.thaw();
    // The step still holds: it is the lease that ends the run.
    expect(await running).toMatchObject({ kind: "failed", code: "HOLDFAST_LEASE_LOST" });
    await stalled.goOn();
    expect(await stalled.released()).toBe("HOLDFAST_LEASE_LOST");
  });

  /** A thread at its first question; the id of the interrupt. */
  async function asked(worker: LeaseWorkerProcess, thread: string): Promise<string> {
    const outcome = await worker.order({ kind: "ask", thread });
    const { values } = outcome as { readonly values?: { readonly __interrupt__?: readonly { readonly id: string }[] } };
    const id = values?.__interrupt__?.[0]?.id;
    expect(id, JSON.stringify(outcome)).toBeDefined();
    return id as string;
  }

  it("C-94 an answer that comes twice is acted on once; the other is refused", async () => {
    const thread = "approved twice, refused";
    const [one, two] = (await start(2)) as [LeaseWorkerProcess, LeaseWorkerProcess];
    await asked(one, thread);
    const first = one.order({ kind: "answer", thread, answer: "yes", hold: true, whenBusy: "reject" });
    await one.step("first act");
    const second = await two.order({ kind: "answer", thread, answer: "yes", whenBusy: "reject" });
    expect(second).toMatchObject({ kind: "failed", code: "HOLDFAST_THREAD_BUSY" });
    await one.goOn();
    expect(await first).toMatchObject({ kind: "done", values: { log: ["first: yes"] } });
    expect((await two.kill()).filter(({ kind }) => kind === "step")).toEqual([]);
  });

  it("C-94 an answer by the interrupt's id that comes twice is acted on once, though the other waits", async () => {
    const thread = "approved twice by id";
    const [one, two] = (await start(2)) as [LeaseWorkerProcess, LeaseWorkerProcess];
    const interruptId = await asked(one, thread);
    const first = one.order({ kind: "answer", thread, answer: "yes", interruptId, hold: true });
    await one.step("first act");
    const second = two.order({ kind: "answer", thread, answer: "yes", interruptId });
    await one.goOn();
    expect(await first).toMatchObject({ kind: "done", values: { log: ["first: yes"] } });
    // It finds the second question, to which it is no answer: LangGraph asks again.
    expect(await second).toMatchObject({ kind: "done", values: { log: ["first: yes"], __interrupt__: [expect.anything()] } });
    expect((await two.kill()).filter(({ kind }) => kind === "step")).toEqual([]);
  });

  it("C-94 an answer without an id that waits is taken for the next question's: LangGraph cannot tell", async () => {
    const thread = "approved twice by nothing";
    const [one, two] = (await start(2)) as [LeaseWorkerProcess, LeaseWorkerProcess];
    await asked(one, thread);
    const first = one.order({ kind: "answer", thread, answer: "yes", hold: true });
    await one.step("first act");
    const second = two.order({ kind: "answer", thread, answer: "yes" });
    await one.goOn();
    await first;
    expect(await second).toMatchObject({ kind: "done", values: { log: ["first: yes", "second: yes"] } });
    // A third one finds no question any more: the run has nothing to do.
    const third = await two.order({ kind: "answer", thread, answer: "yes" });
    expect(third).toMatchObject({ kind: "done", values: { log: ["first: yes", "second: yes"] } });
  });
}

import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { LeaseWorkerProcess } from "./lease-worker-process.js";
import type { TestStore } from "./target.js";

/** Registers the tests of idempotent runs in several processes that are killed. */
export function idempotentProcessTests(target: LeaseTarget): void {
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

  async function start(): Promise<LeaseWorkerProcess> {
    const worker = await LeaseWorkerProcess.start(script.path, store.url);
    workers.push(worker);
    return worker;
  }
  /** A lease that nobody has to wait long for after a crash, and long enough on a busy machine. */
  const ttlMs = 2_000;
  const message = (thread: string, id: string) => ({ kind: "message", graph: "steps", thread, id, ttlMs }) as const;
  const answered = (...ids: string[]) => ids.flatMap((id) => [`one ${id}`, `two ${id}`, `three ${id}`]);
  async function stepsOf(worker: LeaseWorkerProcess): Promise<string[]> {
    return (await worker.kill()).flatMap((each) => (each.kind === "step" ? [each.name] : []));
  }
  async function headOf(thread: string): Promise<unknown> {
    return (await saver.getTuple({ configurable: { thread_id: thread } }))?.checkpoint.id;
  }

  it("C-100 a message that two processes get is answered by one, and given by both", async () => {
    const [one, two] = [await start(), await start()];
    const held = one.order({ ...message("twice", "m1"), holdAt: "two" });
    await one.step("two");
    const again = two.order(message("twice", "m1"));
    await one.goOn();
    for (const outcome of [await held, await again])
      expect(outcome).toMatchObject({ kind: "done", values: { log: answered("m1") } });
    expect(await stepsOf(two)).toEqual([]);
  });

  for (const durability of ["sync", "async", "exit"] as const) {
    it(`C-101 what a crash has left is finished when the message comes again (durability "${durability}")`, async () => {
      const thread = `crashed ${durability}`;
      const [one, two] = [await start(), await start()];
      const order = { ...message(thread, "m1"), durability };
      void one.order({ ...order, dieAt: "three" });
      await one.exited;
      expect(await two.order(order)).toMatchObject({ kind: "done", values: { input: "m1", log: answered("m1") } });
      const head = await headOf(thread);
      expect(await two.order(order)).toMatchObject({ kind: "done", values: { log: answered("m1") } });
      expect(await headOf(thread)).toBe(head);
      // Nothing is stored before the end with "exit"; with "async", the last step before the crash may not have been.
      const steps = await stepsOf(two);
      if (durability === "sync") expect(steps).toEqual(["three"]);
      if (durability === "exit") expect(steps).toEqual(["one", "two", "three"]);
      expect(steps.at(-1)).toBe("three");
    });
  }

  it("C-100 a process that dies after the last commit of a run has answered it", async () => {
    const [one, two] = [await start(), await start()];
    void one.order({ ...message("ended", "m1"), dieAt: "end" });
    await one.exited;
    const head = await headOf("ended");
    expect(await two.order(message("ended", "m1"))).toMatchObject({ kind: "done", values: { log: answered("m1") } });
    expect(await headOf("ended")).toBe(head);
    expect(await stepsOf(two)).toEqual([]);
  });

  it("C-100 so does one that dies after the last commit of a run that asks; the question is not lost when it is answered", async () => {
    const [one, two] = [await start(), await start()];
    const order = { ...message("asked", "m1"), graph: "questions" } as const;
    void one.order({ ...order, dieAt: "end" });
    await one.exited;
    const asks = { kind: "done", values: { __interrupt__: [{ value: "May I do the first?" }] } };
    expect(await two.order(order)).toMatchObject(asks);
    await two.order({ kind: "answer", thread: "asked", answer: "yes" });
    expect(await two.order(order)).toMatchObject(asks);
  });

  it("C-101 a later message first finishes what a crash has left of an earlier one", async () => {
    const [one, two] = [await start(), await start()];
    void one.order({ ...message("later", "m1"), dieAt: "two" });
    await one.exited;
    expect(await two.order(message("later", "m2"))).toMatchObject({ kind: "done", values: { log: answered("m1", "m2") } });
    expect(await two.order(message("later", "m1"))).toMatchObject({ kind: "done", values: { log: answered("m1") } });
    expect(await stepsOf(two)).toEqual(["two", "three", "one", "two", "three"]);
  });

  it("C-101 a message that kills every process is left alone in the end", async () => {
    for (let crash = 1; crash <= 4; crash += 1) {
      const worker = await start();
      void worker.order({ ...message("deadly", "m1"), ttlMs: 500, dieAt: "two" });
      await worker.exited;
    }
    const worker = await start();
    expect(await worker.order(message("deadly", "m2"))).toMatchObject({
      kind: "done",
      values: { log: ["one m1", ...answered("m2")] },
    });
  });

  it("C-97 C-101 what a sweeper has finished is not run again", async () => {
    const [one, sweeper, two] = [await start(), await start(), await start()];
    void one.order({ ...message("swept", "m1"), dieAt: "two" });
    await one.exited;
    void sweeper.order({ kind: "sweep", graph: "steps", options: { ttlMs } });
    expect(await sweeper.report()).toMatchObject({ kind: "resumed", threadId: "swept" });
    expect(await two.order(message("swept", "m1"))).toMatchObject({ kind: "done", values: { log: answered("m1") } });
    expect(await two.order(message("swept", "m2"))).toMatchObject({ kind: "done", values: { log: answered("m1", "m2") } });
    expect(await two.order(message("swept", "m1"))).toMatchObject({ kind: "done", values: { log: answered("m1") } });
    expect(await stepsOf(two)).toEqual(["one", "two", "three"]);
  });
}

// One file: all tests of one rule, on the same graphs and processes.
import { exclusive, ThreadBusyError, type ThreadLease } from "@holdfast/checkpoint-core";
import { randomBytes } from "node:crypto";
import { eventually, gate } from "@holdfast/test-servers";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Command, MemorySaver } from "@langchain/langgraph";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { abandonedOf, type LeaseTarget, type LeasingSaver } from "./lease-target.js";
import { at, checkpointOf } from "./plain-checkpoints.js";
import { questionGraph, twofoldQuestionGraph } from "./question-graph.js";
import { stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

const OVERTAKEN = { code: "HOLDFAST_LEASE_LOST", reason: "overtaken" };
const TAKES = ["interrupt", "rollback"] as const;
const LONG_MS = 600_000;
/** It is renewed in a third of it: soon, and well before it ends on a slow machine. */
const RENEWED_MS = 6_000;

/** Registers the tests of runs that take a thread from another run. */
export function overtakenRunTests(target: LeaseTarget): void {
  let store: TestStore;
  let saver: LeasingSaver;
  let other: LeasingSaver;
  let threads = 0;
  let thread: string;

  beforeAll(async () => {
    store = await target.openStore();
    [saver, other] = [target.open(store.url), target.open(store.url)];
  });
  afterAll(async () => {
    for (const each of [saver, other]) if (each !== undefined) await target.close(each);
    await store?.drop();
  });
  beforeEach(() => {
    threads += 1;
    thread = `overtaken ${threads}`;
  });

  const on = (id: string) => ({ configurable: { thread_id: id } });

  async function logOf(): Promise<unknown> {
    return (await other.getTuple(on(thread)))?.checkpoint.channel_values.log;
  }
  /** All that there is to be read of the thread. */
  async function all(): Promise<unknown[]> {
    const tuples: unknown[] = [];
    for await (const { checkpoint, metadata, parentConfig, pendingWrites } of other.list(on(thread))) {
      tuples.push({ checkpoint, metadata, parent: parentConfig?.configurable?.checkpoint_id, pendingWrites });
    }
    return tuples;
  }
  const ask = { input: "first" };

  /** A graph of two steps, of which the second waits until it is let on. */
  function heldGraph(on: LeasingSaver) {
    const [arrived, goOn] = [gate(), gate()];
    const graph = stepGraph(on, {
      one: () => undefined,
      two: async () => {
        arrived.open();
        await goOn.opened;
      },
    });
    return { graph, arrived, goOn };
  }
  const twoSteps = (on: LeasingSaver) => stepGraph(on, { one: () => undefined, two: () => undefined });

  /** A turn that ends, and then a run that is held in its second step, whose first one is stored. */
  async function turnAndRun() {
    await exclusive(twoSteps(saver)).invoke({ input: "before" }, on(thread));
    const before = await all();
    const { graph, arrived, goOn } = heldGraph(saver);
    const config = { ...on(thread), durability: "sync" as const };
    const running = failureOf(() => exclusive(graph, { ttlMs: LONG_MS }).invoke(ask, config));
    await arrived.opened;
    return { before, running, goOn };
  }

  type App = ReturnType<typeof stepGraph>;
  const input = { input: "second" };
  const runs: Readonly<Record<string, (app: App) => Promise<unknown>>> = {
    invoke: (app) => app.invoke(input, on(thread)),
    stream: async (app) => {
      for await (const _ of await app.stream(input, on(thread)));
    },
    "streamEvents v2": async (app) => {
      for await (const _ of app.streamEvents(input, { ...on(thread), version: "v2" }));
    },
    "streamEvents v3": async (app) => (await app.streamEvents(input, { ...on(thread), version: "v3" })).output,
    batch: (app) => app.batch([input], on(thread)),
  };
  const BEFORE = ["one before", "two before"];
  const AFTER = ["one second", "two second"];

  for (const [name, run] of Object.entries(runs)) {
    it(`C-99 ${name} that interrupts goes on from what the other run has committed, which fails at its next write`, async () => {
      const { running, goOn } = await turnAndRun();
      await run(exclusive(twoSteps(other), { whenBusy: "interrupt" }));
      expect(await logOf()).toEqual([...BEFORE, "one first", ...AFTER]);
      goOn.open();
      expect(await running).toMatchObject(OVERTAKEN);
      expect(await logOf()).toEqual([...BEFORE, "one first", ...AFTER]);
      expect(await abandonedOf(other)).toEqual([]);
    });

    it(`C-99 ${name} that rolls back begins from before the other run, of which nothing is left`, async () => {
      const { running, goOn } = await turnAndRun();
      await run(exclusive(twoSteps(other), { whenBusy: "rollback" }));
      expect(await logOf()).toEqual([...BEFORE, ...AFTER]);
      expect(JSON.stringify(await all())).not.toContain("first");
      goOn.open();
      expect(await running).toMatchObject(OVERTAKEN);
      expect(await logOf()).toEqual([...BEFORE, ...AFTER]);
    });
  }

  it("C-99 updateState takes a thread, too: on top of what was committed, or of what was there before", async () => {
    for (const [whenBusy, kept] of [
      ["interrupt", ["one first"]],
      ["rollback", []],
    ] as const) {
      thread = `updated after ${whenBusy}`;
      const { running, goOn } = await turnAndRun();
      await exclusive(twoSteps(other), { whenBusy }).updateState(on(thread), { log: ["edited"] }, "one");
      expect(await logOf()).toEqual([...BEFORE, ...kept, "edited"]);
      goOn.open();
      expect(await running).toMatchObject(OVERTAKEN);
    }
  });

  it("C-99 a rollback leaves the thread as it was before the run, its first checkpoint as well as its last", async () => {
    const { before, running, goOn } = await turnAndRun();
    const lease = await other.acquireThread(thread, { whenBusy: "rollback" });
    expect(await all()).toEqual(before);
    await lease.release();
    goOn.open();
    await running;
    expect(await all()).toEqual(before);

    thread = `${thread} that the run began`;
    const { graph, arrived, goOn: end } = heldGraph(saver);
    const first = failureOf(() => exclusive(graph).invoke(ask, { ...on(thread), durability: "sync" }));
    await arrived.opened;
    const next = await other.acquireThread(thread, { whenBusy: "rollback" });
    expect(await other.getTuple(on(thread))).toBeUndefined();
    await exclusive(twoSteps(other)).invoke(input, next.config);
    await next.release();
    expect(await logOf()).toEqual(AFTER);
    end.open();
    expect(await first).toMatchObject(OVERTAKEN);
  });

  for (const durability of ["sync", "exit"] as const) {
    it(`C-99 a rollback takes the answer of an overtaken run out, and leaves the checkpoint that was asked at (durability "${durability}")`, async () => {
      const config = { ...on(thread), durability };
      const [acting, goOn] = [gate(), gate()];
      const graphOn = (on: LeasingSaver, act: () => Promise<unknown>) => exclusive(questionGraph(on, act as never));
      await graphOn(saver, async () => undefined).invoke({ input: "q" } as never, config);
      const before = await all();
      const running = failureOf(() =>
        graphOn(saver, async () => {
          acting.open();
          await goOn.opened;
        }).invoke(new Command({ resume: "yes" }) as never, config),
      );
      await acting.opened;
      const lease = await other.acquireThread(thread, { whenBusy: "rollback" });
      expect(await all()).toEqual(before);
      await lease.release();
      goOn.open();
      expect(await running).toMatchObject(OVERTAKEN);
      expect(await all()).toEqual(before);
    });
  }

  it("C-99 a rollback puts the question back that the overtaken run replaced by its next one", async () => {
    const graph = twofoldQuestionGraph(saver, () => undefined);
    await exclusive(graph).invoke(ask, { ...on(thread), metadata: { run_id: "run 1" } });
    const before = await all();
    expect(JSON.stringify(before)).toContain("May I do the first?");
    for (const answer of ["yes", "no"]) {
      const lease = await saver.acquireThread(thread);
      await graph.invoke(new Command({ resume: answer }), { ...lease.config, metadata: { run_id: "run 2" } });
      expect(JSON.stringify(await all())).toContain("May I do the second?");
      const next = await other.acquireThread(thread, { whenBusy: "rollback" });
      expect(await all()).toEqual(before);
      await next.release();
    }
    await other.deleteForRuns(["run 1"]);
    expect(await all()).toEqual([]);
  });

  /** A checkpoint that is put under a lease. */
  function put(lease: ThreadLease, id: string, parent?: string): Promise<RunnableConfig> {
    const checkpoint = { ...checkpointOf({ a: id }), id };
    const config = { configurable: { ...at(thread, parent).configurable, ...lease.config.configurable } };
    return saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, checkpoint.channel_versions);
  }

  it("C-99 what a rollback puts back is not freed before", async () => {
    const question = randomBytes(20_000).toString("hex");
    const first = await saver.acquireThread(thread);
    await put(first, "1");
    const asking = (lease: ThreadLease, text: string): Promise<void> => {
      const config = { configurable: { ...at(thread, "1").configurable, ...lease.config.configurable } };
      return saver.putWrites(config, [["__interrupt__", text]], "task");
    };
    await asking(first, question);
    await first.release();
    const second = await saver.acquireThread(thread);
    await asking(second, "another question");
    await other.prune([thread], { lease: second });
    const third = await other.acquireThread(thread, { whenBusy: "rollback" });
    expect((await other.getTuple(on(thread)))?.pendingWrites).toEqual([["task", "__interrupt__", question]]);
    await third.release();
  });

  it("C-99 a checkpoint that the overtaken run has put again is not its own, and stays", async () => {
    const first = await saver.acquireThread(thread);
    await put(first, "1");
    await first.release();
    const second = await saver.acquireThread(thread);
    await put(second, "1");
    await put(second, "2", "1");
    const third = await other.acquireThread(thread, { whenBusy: "rollback" });
    expect((await all()).map((each) => (each as { checkpoint: { id: string } }).checkpoint.id)).toEqual(["1"]);
    await third.release();
  });

  it("C-99 nothing is left of a run whose rollback is overtaken by another one", async () => {
    await exclusive(twoSteps(saver)).invoke({ input: "before" }, on(thread));
    const before = await all();
    for (let round = 0; round < 5; round += 1) {
      const first = await saver.acquireThread(thread);
      for (let id = 0; id < 40; id += 1) await put(first, `${round} ${id}`);
      const taken: ThreadLease[] = [];
      const taking = [other, saver, other].map(async (each) => {
        try {
          taken.push(await each.acquireThread(thread, { whenBusy: "rollback" }));
        } catch (error) {
          expect(error).toMatchObject(OVERTAKEN);
        }
      });
      await Promise.all(taking);
      expect(await all()).toEqual(before);
      for (const lease of taken) await lease.release();
    }
  });

  for (const whenBusy of TAKES) {
    it(`C-99 of runs that ${whenBusy} each other, the last goes on; whoever waits does so behind them`, async () => {
      const held = heldGraph(saver);
      const running = failureOf(() => exclusive(held.graph).invoke(ask, on(thread)));
      await held.arrived.opened;
      const waiting = exclusive(twoSteps(saver)).invoke({ input: "waits" }, on(thread));
      const second = heldGraph(other);
      const overtaking = failureOf(() => exclusive(second.graph, { whenBusy }).invoke(input, on(thread)));
      await second.arrived.opened;
      await exclusive(twoSteps(saver), { whenBusy }).invoke({ input: "third" }, on(thread));
      for (const each of [held, second]) each.goOn.open();
      for (const each of [running, overtaking]) expect(await each).toMatchObject(OVERTAKEN);
      await waiting;
      const log = (await logOf()) as string[];
      expect(log.slice(-4)).toEqual(["one third", "two third", "one waits", "two waits"]);
    });

    it(`C-99 a call within a run does not ${whenBusy} it`, async () => {
      const inner = exclusive(stepGraph(saver, { inner: () => undefined }), { whenBusy });
      const outer = exclusive(stepGraph(saver, { outer: () => inner.invoke({ input: "inner" }, on(thread)) }), { whenBusy });
      expect((await outer.invoke(ask, on(thread))).log).toEqual(["outer first"]);
    });

    it(`C-99 a thread that nobody has is taken as it is (whenBusy "${whenBusy}")`, async () => {
      await exclusive(twoSteps(saver), { whenBusy }).invoke(ask, on(thread));
      const left = await saver.acquireThread(thread, { ttlMs: LONG_MS });
      await put(left, "9");
      await left.handOver();
      await (await other.acquireThread(thread, { whenBusy })).release();
      expect((await other.getTuple(on(thread)))?.checkpoint.id).toBe("9");
    });
  }

  it("C-99 in the same saver the overtaken run ends at once; elsewhere at its next renewal", async () => {
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS });
    await put(lease, "1");
    const next = await saver.acquireThread(thread, { whenBusy: "interrupt", ttlMs: RENEWED_MS, owner: "the second" });
    expect(lease.signal.reason).toMatchObject({ ...OVERTAKEN, owner: "the second" });
    expect(next.signal.aborted).toBe(false);
    await (await other.acquireThread(thread, { whenBusy: "interrupt" })).release();
    await eventually("the signal aborts", () => next.signal.aborted);
    expect(next.signal.reason).toMatchObject(OVERTAKEN);
  });

  it("C-99 a thread that is being copied from another saver is not taken meanwhile, and its copy is not rolled back", async () => {
    const [reading, copy] = [gate(), gate()];
    const old = new (class extends MemorySaver {
      override async *list(...args: Parameters<MemorySaver["list"]>): ReturnType<MemorySaver["list"]> {
        reading.open();
        await copy.opened;
        yield* super.list(...args);
      }
    })();
    const moving = target.open(store.url, { fallback: old });
    await twoSteps(old as never).invoke({ input: "before" }, on(thread));
    const { graph, arrived, goOn } = heldGraph(moving);
    const running = failureOf(() => exclusive(graph).invoke(ask, { ...on(thread), durability: "sync" }));
    await reading.opened;
    expect(await failureOf(() => other.acquireThread(thread, { whenBusy: "rollback" }))).toBeInstanceOf(ThreadBusyError);
    copy.open();
    await arrived.opened;
    expect(await logOf()).toEqual([...BEFORE, "one first"]);
    const lease = await other.acquireThread(thread, { whenBusy: "rollback" });
    expect(await logOf()).toEqual(BEFORE);
    await lease.release();
    goOn.open();
    expect(await running).toMatchObject(OVERTAKEN);
    await target.close(moving);
  });

  it("C-99 acquireThread knows three values of whenBusy", async () => {
    expect(await failureOf(() => saver.acquireThread(thread, { whenBusy: "reject" as never }))).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
    });
  });
}

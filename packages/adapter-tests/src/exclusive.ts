// One file: each test runs over the same table of ways to call a graph.
import { exclusive, ThreadBusyError } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import { MemorySaver } from "@langchain/langgraph";
import { afterAll, beforeAll, beforeEach, expect, expectTypeOf, it } from "vitest";
import { counterGraph } from "./counter-graph.js";
import { failureOf } from "./failure.js";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { nestedStepGraph, type Step, stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Registers the tests of `exclusive` in one process, with two savers on one store. */
export function exclusiveTests(target: LeaseTarget): void {
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
    thread = `exclusive ${threads}`;
  });

  const on = (id: string) => ({ configurable: { thread_id: id } });
  const input = { input: "x" };

  async function expectFree(id = thread): Promise<void> {
    await (await other.acquireThread(id)).release();
  }
  async function expectBusy(id = thread): Promise<void> {
    expect(await failureOf(() => other.acquireThread(id))).toBeInstanceOf(ThreadBusyError);
  }
  async function logOf(id = thread): Promise<unknown> {
    return (await other.getTuple(on(id)))?.checkpoint.channel_values.log;
  }

  /** A graph whose second step waits until it is let on. */
  function heldGraph(steps: Readonly<Record<string, Step>> = {}) {
    const [arrived, goOn] = [gate(), gate()];
    const graph = stepGraph(saver, {
      one: () => undefined,
      two: async () => {
        arrived.open();
        await goOn.opened;
      },
      three: () => undefined,
      ...steps,
    });
    return { graph, arrived, goOn };
  }

  /** Each way to call a graph, on a thread; its promise is settled when the call is over. */
  type App = ReturnType<typeof stepGraph>;
  const runs: Readonly<Record<string, (app: App) => Promise<unknown>>> = {
    invoke: (app) => app.invoke(input, on(thread)),
    stream: async (app) => collect(await app.stream(input, on(thread))),
    "streamEvents v2": (app) => collect(app.streamEvents(input, { ...on(thread), version: "v2" })),
    "streamEvents v3": async (app) => {
      const run = await app.streamEvents(input, { ...on(thread), version: "v3" });
      return run.output;
    },
    batch: (app) => app.batch([input], on(thread)),
    "withConfig and invoke": (app) => app.withConfig({ tags: ["tagged"] }).invoke(input, on(thread)),
    "withConfig with the thread": (app) => app.withConfig(on(thread)).invoke(input),
  };
  const updates: Readonly<Record<string, (app: App) => Promise<unknown>>> = {
    updateState: (app) => app.updateState(on(thread), { log: ["edited"] }, "one"),
    bulkUpdateState: (app) => app.bulkUpdateState(on(thread), [{ updates: [{ values: { log: ["edited"] }, asNode: "one" }] }]),
  };

  it("C-94 two runs at once lose an update; exclusive ones lose none", async () => {
    const bothHaveRead = gate();
    let reading = 0;
    const [plain, alsoPlain] = [saver, other].map((each) =>
      counterGraph(each, () => {
        reading += 1;
        if (reading === 2) bothHaveRead.open();
        return bothHaveRead.opened;
      }),
    );
    await Promise.all([plain?.invoke({ by: 1 }, on(thread)), alsoPlain?.invoke({ by: 1 }, on(thread))]);
    expect((await plain?.getState(on(thread)))?.values.count, "sum of two plain increments").toBe(1);

    const apps = [saver, other].map((each) => exclusive(counterGraph(each)));
    const threadOfApps = `${thread} exclusively`;
    await Promise.all(Array.from({ length: 20 }, (_, n) => apps[n % 2]?.invoke({ by: 1 }, on(threadOfApps))));
    expect((await apps[0]?.getState(on(threadOfApps)))?.values.count, "sum of twenty exclusive increments").toBe(20);
  });

  for (const [name, run] of Object.entries(runs)) {
    it(`C-94 ${name} has the thread for as long as it goes on, and no longer`, async () => {
      const { graph, arrived, goOn } = heldGraph();
      const running = run(exclusive(graph));
      await Promise.race([arrived.opened, running]);
      await expectBusy();
      goOn.open();
      expect(await running).toBeDefined();
      expect(await logOf()).toEqual(["one x", "two x", "three x"]);
      await expectFree();
    });

    it(`C-94 ${name} whose step throws fails with that error, and gives the thread free`, async () => {
      const failure = new Error("a step that fails");
      const { graph } = heldGraph({ two: () => Promise.reject(failure) });
      expect(await failureOf(() => run(exclusive(graph)))).toMatchObject({ message: failure.message });
      await expectFree();
    });
  }

  for (const [name, run] of Object.entries({ ...runs, ...updates })) {
    it(`C-94 ${name} of a thread in use is refused, or waits`, async () => {
      const graph = stepGraph(saver, { one: () => undefined });
      const lease = await other.acquireThread(thread, { owner: "somebody else" });
      const error = await failureOf(() => run(exclusive(graph, { whenBusy: "reject" })));
      expect(error).toBeInstanceOf(ThreadBusyError);
      expect(error).toMatchObject({ owner: "somebody else" });
      expect(await failureOf(() => run(exclusive(graph, { waitMs: 20 })))).toBeInstanceOf(ThreadBusyError);
      expect(await logOf(), "nothing was written").toBeUndefined();
      const waiting = run(exclusive(graph));
      await lease.release();
      await waiting;
      expect(await logOf()).toHaveLength(1);
      await expectFree();
    });
  }

  it("C-94 the inputs of a batch on one thread run one after the other", async () => {
    const app = exclusive(stepGraph(saver, { one: () => undefined }));
    await app.batch([{ input: "a" }, { input: "b" }, { input: "c" }], on(thread));
    expect(await logOf()).toHaveLength(3);
  });

  it("C-94 reading takes no lease", async () => {
    const { graph, arrived, goOn } = heldGraph();
    const app = exclusive(graph);
    const running = app.invoke(input, on(thread));
    await arrived.opened;
    await eventually("what the run has stored is read", async () => (await app.getState(on(thread))).next[0] === "two");
    expect(await collect(app.getStateHistory(on(thread)))).not.toHaveLength(0);
    goOn.open();
    await running;
  });

  it("C-94 a stream that its reader leaves in the middle ends its run, and gives the thread free", async () => {
    const streams: Readonly<Record<string, (app: App) => Promise<IterableReadableStream<unknown>>>> = {
      stream: (app) => app.stream(input, { ...on(thread), streamMode: "updates" }),
      streamEvents: async (app) => app.streamEvents(input, { ...on(thread), version: "v2" }),
    };
    for (const open of Object.values(streams)) {
      for (const leave of ["break", "cancel", "cancel while it is read"]) {
        const { graph, arrived } = heldGraph();
        const stream = await open(exclusive(graph));
        await arrived.opened;
        // The step that goes on has no item for the reader; leaving does not wait for one.
        if (leave === "break") for await (const _ of stream) break;
        else {
          const reading = leave === "cancel" ? undefined : collect(stream);
          await stream.cancel();
          await reading;
        }
        await expectFree();
      }
    }
    expect(await logOf(), "no second step was written").not.toContain("two x");
  });

  it("C-94 a stream that nobody reads runs to its end, and gives the thread free", async () => {
    await exclusive(stepGraph(saver, { one: () => undefined, two: () => undefined })).stream(input, on(thread));
    await eventually("the thread is free", () => expectFree().then(() => true));
    expect(await logOf()).toEqual(["one x", "two x"]);
  });

  it("C-94 a stream that is read late has all that there was", async () => {
    const app = exclusive(stepGraph(saver, { one: () => undefined, two: () => undefined }));
    const stream = await app.stream(input, { ...on(thread), streamMode: "updates" });
    await eventually("the thread is free, though nobody has read", () => expectFree().then(() => true));
    expect(await collect(stream)).toEqual([{ one: { log: ["one x"] } }, { two: { log: ["two x"] } }]);
  });

  it("C-94 a step that calls the graph on its own thread does not wait for itself", async () => {
    for (const pass of ["its config", "the thread", "nothing"] as const) {
      const own = `${thread} ${pass}`;
      const inner = exclusive(stepGraph(saver, { inner: () => undefined }));
      const outer = exclusive(
        stepGraph(saver, {
          outer: (config) => {
            const given = { "its config": config, "the thread": on(own), nothing: undefined }[pass];
            return inner.invoke({ input: pass }, given);
          },
        }),
        { whenBusy: "reject" },
      );
      expect((await outer.invoke(input, on(own))).log, pass).toEqual(["outer x"]);
      await expectFree(own);
    }
  });

  it("C-94 a step that calls the graph on another thread takes that one, too", async () => {
    const neighbour = `${thread} neighbour`;
    const seen: string[] = [];
    const inner = exclusive(
      stepGraph(other, {
        inner: async () => {
          await expectBusy();
          await expectBusy(neighbour);
          seen.push("both");
        },
      }),
    );
    const outer = exclusive(stepGraph(saver, { outer: () => inner.invoke({ input: "inner" }, on(neighbour)) }));
    expect((await outer.invoke(input, on(thread))).log).toEqual(["outer x"]);
    expect(seen).toEqual(["both"]);
    await expectFree();
    await expectFree(neighbour);
  });

  it("C-94 what a run leaves behind does not have its lease any more", async () => {
    const runIsOver = gate();
    let left: Promise<{ log: string[] }> | undefined;
    const late = exclusive(stepGraph(saver, { late: () => undefined }));
    const app = exclusive(
      stepGraph(saver, {
        one: () => {
          left = runIsOver.opened.then(() =>
            late.invoke({ input: "left" }, { configurable: { thread_id: thread, checkpoint_ns: "" } }),
          );
        },
      }),
    );
    await app.invoke(input, on(thread));
    runIsOver.open();
    await left;
    await expectFree();
  });

  it("C-91 the puts of subgraphs carry the lease's token", async () => {
    const app = exclusive(nestedStepGraph(saver, { a: () => expectBusy(), b: () => undefined }));
    expect((await app.invoke(input, on(thread))).log).toContain("b x");
    const namespaces = new Set<string>();
    for await (const { config } of other.list(on(thread))) namespaces.add(String(config.configurable?.checkpoint_ns));
    expect(namespaces).toEqual(new Set(["", "inner"]));
    await expectFree();
  });

  it("C-94 a run that is aborted gives the thread free; one that waits gives up with the reason", async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const { graph, arrived } = heldGraph();
    const app = exclusive(graph);
    const running = failureOf(() => app.invoke(input, { ...on(thread), signal: first.signal }));
    await arrived.opened;
    const waiting = failureOf(() => app.invoke(input, { ...on(thread), signal: second.signal }));
    const reason = new Error("changed my mind");
    second.abort(reason);
    expect(await waiting).toBe(reason);
    await expectBusy();
    first.abort(reason);
    await running;
    await expectFree();
  });

  it("C-94 a write that fails ends the run with its error, and gives the thread free", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const isOver = gate();
    // The run would wait for this step, and LangGraph does not look at its puts before.
    const app = exclusive(counterGraph(saver, () => isOver.opened));
    const error = await failureOf(() => app.invoke({ by: (() => 1) as never }, on(thread)));
    expect(error).toMatchObject({ code: "HOLDFAST_SERIALIZATION" });
    await expectFree();
    isOver.open();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("C-02 without a thread_id a call is refused", async () => {
    const app = exclusive(stepGraph(saver, { one: () => undefined }));
    const calls = {
      invoke: () => app.invoke(input),
      stream: () => app.stream(input),
      streamEvents: () => collect(app.streamEvents(input, { version: "v2" })),
      batch: () => app.batch([input]),
      updateState: () => app.updateState({ configurable: {} }, { log: [] }),
    };
    for (const [name, call] of Object.entries(calls)) {
      expect(await failureOf(call as () => Promise<unknown>), name).toMatchObject({ code: "HOLDFAST_MISSING_THREAD_ID" });
    }
  });

  it("C-94 a graph without a saver of ours is refused", async () => {
    const refused = { code: "HOLDFAST_INVALID_OPTIONS" };
    const graph = stepGraph(saver, { one: () => undefined });
    for (const make of [
      () => exclusive(stepGraph(new MemorySaver(), { one: () => undefined })),
      () => exclusive(stepGraph(undefined as never, { one: () => undefined })),
      () => exclusive(graph, { whenBusy: "hope" as never }),
      () => exclusive(graph, { ttlMs: 0 }),
      () => exclusive(graph, { waitMs: -1 }),
    ]) {
      expect(await failureOf(async () => make())).toMatchObject(refused);
    }
  });

  it("C-94 it is typed, and looks, like the graph", () => {
    const graph = stepGraph(saver, { one: () => undefined });
    const app = exclusive(graph);
    expectTypeOf(app).toEqualTypeOf<typeof graph>();
    expect(app).toBeInstanceOf(graph.constructor);
    expect(app.name).toBe(graph.name);
  });
}

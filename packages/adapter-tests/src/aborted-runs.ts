import { exclusive, resumeAbandoned } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import { RunControl } from "@langchain/langgraph";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { abandonedOf, type LeaseTarget, type LeasingSaver } from "./lease-target.js";
import { stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

/** How a call is told to end. */
interface Ends {
  readonly signal?: AbortSignal;
  readonly control?: RunControl;
}

/** Registers the tests of what becomes of a thread whose run is aborted or drained. */
export function abortedRunTests(target: LeaseTarget): void {
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
    thread = `aborted ${threads}`;
  });

  const on = (id: string) => ({ configurable: { thread_id: id } });
  const input = { input: "x" };

  async function logOf(): Promise<unknown> {
    return (await other.getTuple(on(thread)))?.checkpoint.channel_values.log;
  }

  /** A graph whose step waits until it is let on. */
  function heldGraph(holdAt: string) {
    const [arrived, goOn] = [gate(), gate()];
    const step = (name: string) => async (): Promise<void> => {
      if (name !== holdAt) return;
      arrived.open();
      await goOn.opened;
    };
    const graph = stepGraph(saver, { one: step("one"), two: step("two"), three: step("three") });
    return { graph, arrived, goOn };
  }

  type App = ReturnType<typeof stepGraph>;
  const runs: Readonly<Record<string, (app: App, ends: Ends) => Promise<unknown>>> = {
    invoke: (app, ends) => app.invoke(input, { ...on(thread), ...ends }),
    stream: async (app, ends) => {
      for await (const _ of await app.stream(input, { ...on(thread), ...ends }));
    },
    "streamEvents v2": async (app, ends) => {
      for await (const _ of app.streamEvents(input, { ...on(thread), ...ends, version: "v2" }));
    },
    "streamEvents v3": async (app, ends) => {
      const run = await app.streamEvents(input, { ...on(thread), ...ends, version: "v3" });
      return run.output;
    },
    batch: (app, ends) => app.batch([input], { ...on(thread), ...ends }),
  };

  for (const [name, run] of Object.entries(runs)) {
    it(`C-94 ${name} that its signal aborts hands the thread over where it is told to, and another worker finishes it`, async () => {
      const { graph, arrived } = heldGraph("two");
      const abort = new AbortController();
      const running = failureOf(() => run(exclusive(graph, { onAbort: "handOver" }), { signal: abort.signal }));
      await arrived.opened;
      await eventually("the first step is stored", async () => ((await logOf()) as unknown[] | undefined)?.length === 1);
      abort.abort();
      await running;
      const end = new AbortController();
      const finishing = stepGraph(other, { one: () => undefined, two: () => undefined, three: () => undefined });
      await resumeAbandoned(finishing, other, { signal: end.signal, onReport: () => end.abort() });
      expect(await logOf()).toEqual(["one x", "two x", "three x"]);
    });

    it(`C-94 ${name} that is drained hands the thread over, whatever it is told of aborts`, async () => {
      const { graph, arrived, goOn } = heldGraph("two");
      const control = new RunControl();
      const running = failureOf(() => run(exclusive(graph), { control }));
      await arrived.opened;
      control.requestDrain();
      goOn.open();
      expect(await running).toMatchObject({ name: "GraphDrained" });
      expect(await logOf()).toEqual(["one x", "two x"]);
      expect(await abandonedOf(other)).toEqual([[thread, 0]]);
    });

    it(`C-94 ${name} that its signal aborts gives the thread free where it is told nothing, as one whose step throws`, async () => {
      const { graph, arrived } = heldGraph("two");
      const abort = new AbortController();
      const running = failureOf(() => run(exclusive(graph), { signal: abort.signal }));
      await arrived.opened;
      abort.abort();
      await running;
      const failing = stepGraph(saver, { one: () => Promise.reject(new Error("a step that fails")) });
      await failureOf(() => run(exclusive(failing, { onAbort: "handOver" }), {}));
      expect(await abandonedOf(other)).toEqual([]);
      await (await other.acquireThread(thread)).release();
    });
  }

  it("C-94 a run that ends by itself though it is to be drained gives the thread free", async () => {
    const { graph, arrived, goOn } = heldGraph("three");
    const control = new RunControl();
    const running = exclusive(graph).invoke(input, { ...on(thread), control });
    await arrived.opened;
    control.requestDrain();
    goOn.open();
    expect((await running).log).toHaveLength(3);
    expect(await abandonedOf(other)).toEqual([]);
  });

  it("C-94 a stream that its reader leaves gives the thread free, though an abort would hand it over", async () => {
    const { graph, arrived } = heldGraph("two");
    const stream = await exclusive(graph, { onAbort: "handOver" }).stream(input, on(thread));
    await arrived.opened;
    await stream.cancel();
    expect(await abandonedOf(other)).toEqual([]);
    await (await other.acquireThread(thread)).release();
  });

  it("C-94 onAbort has two values", () => {
    const graph = stepGraph(saver, { one: () => undefined });
    expect(() => exclusive(graph, { onAbort: "leave" as never })).toThrow(
      expect.objectContaining({ code: "HOLDFAST_INVALID_OPTIONS" }),
    );
  });
}

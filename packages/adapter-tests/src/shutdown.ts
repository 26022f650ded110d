import { exclusive, type ResumeReport, resumeAbandoned } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { abandonedOf, type LeaseTarget, type LeasingSaver } from "./lease-target.js";
import { stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

const CLOSED = { code: "HOLDFAST_SAVER_CLOSED" };
/** Longer than any of these tests. */
const LONG_MS = 600_000;

/** Registers the tests of `end()` while runs are going on. */
export function shutdownTests(target: LeaseTarget): void {
  let store: TestStore;
  let saver: LeasingSaver;
  let other: LeasingSaver;
  let threads = 0;
  let thread: string;

  beforeAll(async () => {
    store = await target.openStore();
    other = target.open(store.url);
  });
  afterAll(async () => {
    if (other !== undefined) await target.close(other);
    await store?.drop();
  });
  beforeEach(() => {
    saver = target.open(store.url);
    threads += 1;
    thread = `shut down ${threads}`;
  });
  afterEach(() => target.close(saver));

  const on = (id: string) => ({ configurable: { thread_id: id } });
  const input = { input: "x" };

  async function logOf(): Promise<unknown> {
    return (await other.getTuple(on(thread)))?.checkpoint.channel_values.log;
  }

  /** A graph whose second step waits until it is let on, and then does what it is given. */
  function heldGraph(work: () => unknown = () => undefined) {
    const [arrived, goOn] = [gate(), gate()];
    const graph = stepGraph(saver, {
      one: () => undefined,
      two: async () => {
        arrived.open();
        await goOn.opened;
        await work();
      },
      three: () => undefined,
    });
    return { graph, arrived, goOn };
  }

  it("C-83 end() ends an exclusive run, and hands its thread over: others do not wait for the end of its lease", async () => {
    const { graph, arrived } = heldGraph();
    const running = failureOf(() => exclusive(graph, { ttlMs: LONG_MS }).invoke(input, { ...on(thread), durability: "sync" }));
    await arrived.opened;
    await saver.end();
    expect(await running).toMatchObject(CLOSED);
    expect(await abandonedOf(other)).toEqual([[thread, 0]]);
    await (await other.acquireThread(thread)).release();
    expect(await logOf()).toEqual(["one x"]);
  });

  it("C-83 end() hands over a lease that its caller took, and aborts its signal", async () => {
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS });
    await saver.end();
    expect(lease.signal.reason).toMatchObject(CLOSED);
    await (await other.acquireThread(thread)).release();
    await lease.release();
  });

  it("C-83 with drainMs, end() waits for runs, and gives no lease meanwhile", async () => {
    const { graph, arrived, goOn } = heldGraph();
    const app = exclusive(graph);
    const running = app.invoke(input, on(thread));
    await arrived.opened;
    const waiting = failureOf(() => app.invoke(input, on(thread)));
    let hasEnded = false;
    const ending = saver.end({ drainMs: LONG_MS }).then(() => {
      hasEnded = true;
    });
    expect(await waiting, "who waits already").toMatchObject(CLOSED);
    const refused: Readonly<Record<string, () => Promise<unknown>>> = {
      invoke: () => app.invoke(input, on("another")),
      updateState: () => app.updateState(on("another"), { log: [] }, "one"),
      acquireThread: () => saver.acquireThread("another"),
      "acquireThread that waits": () => saver.acquireThread("another", { waitMs: LONG_MS }),
    };
    for (const [name, call] of Object.entries(refused)) expect(await failureOf(call), name).toMatchObject(CLOSED);
    expect(hasEnded).toBe(false);
    goOn.open();
    expect((await running).log).toEqual(["one x", "two x", "three x"]);
    await ending;
    expect(await abandonedOf(other)).toEqual([]);
    await (await other.acquireThread(thread)).release();
    await (await other.acquireThread("another")).release();
  });

  it("C-83 a run that is waited for gets the threads that it needs", async () => {
    const inner = `${thread} inner`;
    let innerLog: unknown;
    const { graph, arrived, goOn } = heldGraph(async () => {
      await (await saver.acquireThread(inner)).release();
      const app = exclusive(stepGraph(saver, { one: () => undefined }));
      innerLog = (await app.invoke(input, on(inner))).log;
    });
    const running = exclusive(graph).invoke(input, on(thread));
    await arrived.opened;
    const ending = saver.end({ drainMs: LONG_MS });
    goOn.open();
    expect((await running).log).toHaveLength(3);
    await ending;
    expect(innerLog).toEqual(["one x"]);
    await (await other.acquireThread(inner)).release();
  });

  for (const durability of ["sync", "exit"] as const) {
    it(`C-83 a run that goes on for longer than drainMs is handed over with what it has done (durability "${durability}")`, async () => {
      const { graph, arrived } = heldGraph();
      const running = failureOf(() => exclusive(graph, { ttlMs: LONG_MS }).invoke(input, { ...on(thread), durability }));
      await arrived.opened;
      await saver.end({ drainMs: 1 });
      expect(await running).toMatchObject(CLOSED);
      expect(await logOf()).toEqual(["one x"]);
      expect(await abandonedOf(other)).toEqual([[thread, 0]]);
    });
  }

  it("C-83 a second end() does not wait for the time of the first", async () => {
    const { graph, arrived } = heldGraph();
    const running = failureOf(() => exclusive(graph).invoke(input, on(thread)));
    await arrived.opened;
    const first = saver.end({ drainMs: LONG_MS });
    await saver.end();
    await first;
    expect(await running).toMatchObject(CLOSED);
    await abandonedOf(other);
  });

  it("C-97 a resumed run that end() ends is handed over, and is no failure", async () => {
    const { graph, arrived } = heldGraph();
    await failureOf(() =>
      exclusive(stepGraph(other, { one: () => Promise.reject(new Error("fails")) })).invoke(input, on(thread)),
    );
    await (await other.acquireThread(thread)).handOver();
    const reports: ResumeReport[] = [];
    const loop = resumeAbandoned(graph, saver, {
      signal: new AbortController().signal,
      pollMs: 1,
      onReport: (report) => reports.push(report),
    });
    const looping = failureOf(() => loop);
    await arrived.opened;
    await saver.end();
    expect(await looping).toMatchObject(CLOSED);
    expect(reports).toEqual([]);
    await eventually("it is there for others", async () => (await abandonedOf(other)).some(([id]) => id === thread));
  });

  it("C-83 what drainMs may be", async () => {
    for (const options of [{ drainMs: -1 }, { drainMs: Number.NaN }, { drainMs: "1" as never }, { drain: 1 } as object]) {
      expect(await failureOf(() => saver.end(options))).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
    }
  });
}

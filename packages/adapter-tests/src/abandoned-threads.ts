// One file: all tests share the graphs and the crashed holders that it prepares first.
import { type ResumeReport, resumeAbandoned, type ThreadLease } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, Command, START, StateGraph } from "@langchain/langgraph";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import type { Reported, SweepOptions, Tells } from "./children/lease-worker-messages.js";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { LeaseWorkerProcess } from "./lease-worker-process.js";
import { nestedQuestionGraph, questionGraph, twofoldQuestionGraph } from "./question-graph.js";
import { stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

/** Of leases that are to end by themselves; long enough for a slow machine to begin what it holds on to. */
const TTL_MS = 1_000;
const LONG_MS = 60_000;
const SWEEP: SweepOptions = { ttlMs: LONG_MS };

/** Registers the tests of threads whose worker has crashed. */
export function abandonedThreadTests(target: LeaseTarget): void {
  let store: TestStore;
  let script: BundledChild;
  let saver: LeasingSaver;
  const workers: LeaseWorkerProcess[] = [];

  beforeAll(async () => {
    script = await bundleChild(new URL("lease-worker.ts", target.children));
  });
  afterAll(async () => script?.remove());
  // Sweeps find all that there is in a store.
  beforeEach(async () => {
    store = await target.openStore();
    saver = target.open(store.url);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    await target.close(saver);
    await store.drop();
  });

  async function start(count = 1): Promise<[LeaseWorkerProcess, ...LeaseWorkerProcess[]]> {
    const started = await Promise.all(Array.from({ length: count }, () => LeaseWorkerProcess.start(script.path, store.url)));
    workers.push(...started);
    return started as [LeaseWorkerProcess, ...LeaseWorkerProcess[]];
  }
  async function logOf(thread: string): Promise<unknown> {
    return (await saver.getTuple({ configurable: { thread_id: thread } }))?.checkpoint.channel_values.log;
  }

  async function isNothingLeft(): Promise<boolean> {
    for await (const { lease } of saver.abandonedThreads({ ttlMs: LONG_MS })) {
      await lease.release();
      return false;
    }
    return true;
  }

  /** Threads whose worker was killed in the middle of a run, in its second step. */
  async function crashed(...threads: string[]): Promise<void> {
    const [worker] = await start();
    for (const thread of threads) {
      void worker
        .order({ kind: "steps", thread, input: "x", holdAt: "two", ttlMs: TTL_MS, durability: "sync" })
        .catch(() => undefined);
    }
    for (const _ of threads) await worker.step("two");
    await worker.kill();
  }

  /** Stops a sweep and waits for its end; what it reported and nobody took. */
  async function endSweep(worker: LeaseWorkerProcess, sweep: Promise<{ readonly kind: string }>): Promise<Reported[]> {
    await worker.stopSweep();
    expect(await sweep).toMatchObject({ kind: "done" });
    return (await worker.kill()).flatMap((each) => (each.kind === "report" ? [each.report] : []));
  }
  async function headOf(config: RunnableConfig): Promise<RunnableConfig> {
    return (await saver.getTuple(config))?.config ?? {};
  }
  const withToken = (lease: ThreadLease, { configurable }: RunnableConfig): RunnableConfig => ({
    configurable: { ...configurable, ...lease.config.configurable },
  });
  const stepsOf = (told: readonly Tells[]): string[] => told.flatMap((each) => (each.kind === "step" ? [each.name] : []));

  it("C-97 a run whose worker was killed is finished by another, once, however many look for it", async () => {
    const threads = Array.from({ length: 6 }, (_, n) => `crashed ${n}`);
    await crashed(...threads);
    const sweepers = await start(4);
    const sweeps = sweepers.map((worker) => worker.order({ kind: "sweep", graph: "steps", options: SWEEP }));
    const reports: Reported[] = [];
    const reporting = sweepers.map(async (worker) => {
      for (;;) reports.push(await worker.report());
    });
    // Until they are killed.
    for (const each of reporting) each.catch(() => undefined);
    await eventually("each has been reported", () => reports.length >= threads.length, { timeoutMs: 30_000 });
    expect(await isNothingLeft()).toBe(true);
    await Promise.all(sweepers.map((worker) => worker.stopSweep()));
    expect(await Promise.all(sweeps)).toEqual(sweepers.map(() => expect.objectContaining({ kind: "done" })));
    const told = (await Promise.all(sweepers.map((worker) => worker.kill()))).flat();
    expect(reports.map(({ kind, threadId }) => `${kind} ${threadId}`).sort()).toEqual(threads.map((id) => `resumed ${id}`));
    // The step in which the worker was killed runs again; the one before it does not.
    expect(stepsOf(told).sort()).toEqual([...threads.map(() => "three"), ...threads.map(() => "two")]);
    for (const thread of threads) expect(await logOf(thread)).toEqual(["one x", "two x", "three x"]);
  });

  it("C-97 a thread on which every worker dies is given up after maxTries, and reported once", { timeout: 120_000 }, async () => {
    const [first] = await start();
    void first.order({ kind: "steps", thread: "poison", input: "x", ttlMs: TTL_MS, durability: "sync" });
    await first.exited;
    const options = { ttlMs: TTL_MS, maxTries: 2 };
    let deaths = 0;
    let report: Reported | undefined;
    while (report === undefined) {
      const [worker] = await start();
      const sweep = worker.order({ kind: "sweep", graph: "steps", options });
      report = await Promise.race([worker.report(), worker.exited.then(() => undefined)]).catch(() => undefined);
      if (report === undefined) deaths += 1;
      else expect(await endSweep(worker, sweep)).toEqual([]);
    }
    expect(report).toEqual({ kind: "given-up", threadId: "poison", tries: 3 });
    expect(deaths).toBe(2);
    expect(await logOf("poison")).toEqual(["one x"]);
    expect(await isNothingLeft()).toBe(true);
  });

  it("C-96 a thread that waits for a human is left alone; one whose human has answered is not", async () => {
    const [worker, other] = (await start(2)) as [LeaseWorkerProcess, LeaseWorkerProcess];
    for (const thread of ["asked", "answered", "asked again"]) {
      expect(await worker.order({ kind: "ask", thread })).toMatchObject({ kind: "done" });
    }
    expect(await worker.order({ kind: "answer", thread: "asked again", answer: "yes" })).toMatchObject({ kind: "done" });
    // Each is left by a lease that ended without a release.
    for (const thread of ["asked", "asked again"]) (await saver.acquireThread(thread, { ttlMs: TTL_MS })).leave();
    void other.order({ kind: "answer", thread: "answered", answer: "yes", hold: true, ttlMs: TTL_MS });
    await other.step("first act");
    await eventually("the answer is stored", async () => {
      const tuple = await saver.getTuple({ configurable: { thread_id: "answered" } });
      return tuple?.pendingWrites?.some(([, channel]) => channel === "__resume__");
    });
    await other.kill();
    const sweep = worker.order({ kind: "sweep", graph: "questions", options: SWEEP });
    expect(await worker.report()).toMatchObject({
      kind: "resumed",
      threadId: "answered",
      values: { log: ["first: yes"], __interrupt__: [expect.anything()] },
    });
    await eventually("nothing is left", isNothingLeft);
    expect(await endSweep(worker, sweep)).toEqual([]);
    for (const [thread, log] of [
      ["asked", undefined],
      ["asked again", ["first: yes"]],
    ] as const) {
      expect(await logOf(thread)).toEqual(log ?? []);
    }
  });

  const questionGraphs: readonly (readonly [name: string, graphOf: typeof questionGraph, answered: readonly string[]])[] = [
    ["a graph", questionGraph, ["answered", "answered again"]],
    ["a subgraph", nestedQuestionGraph as never, ["answered", "answered again"]],
    // Here the first answer leads to nothing but the second question.
    ["a step", twofoldQuestionGraph as never, ["answered again"]],
  ];
  for (const [name, graphOf, answered] of questionGraphs) {
    it(`C-96 an answer to the first question of ${name} is none to its second`, async () => {
      const on = (thread: string) => ({ configurable: { thread_id: thread } });
      for (const thread of ["asked again", "answered", "answered again"]) {
        await graphOf(saver, () => undefined).invoke({ input: "q" }, on(thread));
        if (thread !== "answered") await graphOf(saver, () => undefined).invoke(new Command({ resume: "yes" }), on(thread));
      }
      (await saver.acquireThread("asked again", { ttlMs: TTL_MS })).leave();
      for (const [thread, resume] of [
        ["answered", "yes"],
        ["answered again", "no"],
      ] as const) {
        // The worker ends while it acts on the answer.
        const [lease, end] = [await saver.acquireThread(thread, { ttlMs: TTL_MS }), new AbortController()];
        const graph = graphOf(saver, () => end.abort());
        await graph.invoke(new Command({ resume }), { ...lease.config, signal: end.signal }).catch(() => undefined);
        lease.leave();
      }
      const found = new Set<string>();
      await eventually("those that were answered are found", async () => {
        for await (const { threadId, lease } of saver.abandonedThreads()) {
          found.add(threadId);
          await lease.release();
        }
        return found.size >= answered.length;
      });
      expect(await isNothingLeft(), "and nothing else, though all leases have ended").toBe(true);
      expect([...found].sort()).toEqual(answered);
    });
  }

  it("C-96 who asks for a thread and does not get it does not put off that it is found", async () => {
    await stepGraph(saver, { one: () => undefined }).invoke({ input: "x" }, { configurable: { thread_id: "asked for" } });
    (await saver.acquireThread("asked for", { ttlMs: TTL_MS })).leave();
    await expect(saver.acquireThread("asked for", { ttlMs: 10 * LONG_MS })).rejects.toMatchObject({
      code: "HOLDFAST_THREAD_BUSY",
    });
    await eventually("it is found", async () => {
      for await (const { threadId, lease } of saver.abandonedThreads()) {
        await lease.release();
        return threadId;
      }
      return undefined;
    });
  });

  it("C-97 a resumed run whose write fails while a step goes on is reported, and no promise is left unhandled", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const config = { configurable: { thread_id: "unwritable" } };
    const [isOver, end] = [gate(), new AbortController()];
    const graphOf = (log: unknown) =>
      new StateGraph(Annotation.Root({ log: Annotation<unknown>, input: Annotation<string> }))
        .addNode("one", () => {
          if (log === undefined) throw new Error("the first worker's");
          return { log };
        })
        .addNode("two", async () => {
          await isOver.opened;
          return {};
        })
        .addEdge(START, "one")
        .addEdge("one", "two")
        .compile({ checkpointer: saver });
    await graphOf(undefined)
      .invoke({ input: "x" }, config)
      .catch(() => undefined);
    (await saver.acquireThread("unwritable", { ttlMs: TTL_MS })).leave();
    const report = await new Promise<ResumeReport>((resolve, reject) => {
      resumeAbandoned(
        graphOf(() => "no value"),
        saver,
        { signal: end.signal, pollMs: 20, onReport: resolve },
      ).catch(reject);
    });
    expect(report).toMatchObject({ kind: "failed", threadId: "unwritable", error: { code: "HOLDFAST_SERIALIZATION" } });
    isOver.open();
    end.abort();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("C-97 a worker that shuts down hands the thread over to others at once, and that is no crash", async () => {
    await crashed("left");
    // As it would be given up after a second crash; and their leases would last for longer than the test.
    const options = { ...SWEEP, maxTries: 1 };
    const [last, ...others] = await start(4);
    for (const worker of others) {
      const sweep = worker.order({ kind: "sweep", graph: "steps", options, holdAt: "two" });
      await worker.step("two");
      expect(await endSweep(worker, sweep)).toEqual([]);
    }
    const next = last.order({ kind: "sweep", graph: "steps", options });
    expect(await last.report()).toMatchObject({ kind: "resumed", threadId: "left" });
    await endSweep(last, next);
    expect(await logOf("left")).toEqual(["one x", "two x", "three x"]);
  });

  it("C-96 a lease that was handed over cannot write any more; the thread has been left as often as before", async () => {
    const config = { configurable: { thread_id: "handed over" } };
    await stepGraph(saver, { one: () => undefined }).invoke({ input: "x" }, config);
    for (const _ of ["first", "second"]) {
      const lease = await saver.acquireThread("handed over", { ttlMs: LONG_MS });
      await lease.handOver();
      await lease.handOver();
      await lease.release();
      await expect(saver.putWrites(withToken(lease, await headOf(config)), [["log", []]], "late")).rejects.toMatchObject({
        code: "HOLDFAST_LEASE_LOST",
      });
      expect(lease.signal.aborted).toBe(false);
    }
    const found: [string, number][] = [];
    for await (const { threadId, tries, lease } of saver.abandonedThreads({ ttlMs: LONG_MS })) {
      found.push([threadId, tries]);
      await lease.release();
    }
    expect(found).toEqual([["handed over", 0]]);
  });

  it("C-97 no more threads are resumed at once than it is told", async () => {
    const threads = Array.from({ length: 5 }, (_, n) => `bounded ${n}`);
    await crashed(...threads);
    const crashedAt = performance.now();
    await eventually("all of their leases have ended", () => performance.now() > crashedAt + TTL_MS);
    const [worker] = await start();
    const sweep = worker.order({ kind: "sweep", graph: "steps", options: { ttlMs: LONG_MS, concurrency: 2 }, holdAt: "two" });
    await worker.step("two");
    await worker.step("two");
    await worker.goOn();
    for (const thread of threads)
      await eventually(`${thread} is done`, async () => ((await logOf(thread)) as unknown[]).length === 3);
    await eventually("all are released", isNothingLeft);
    await worker.stopSweep();
    await sweep;
    let [atOnce, most] = [2, 2];
    for (const each of await worker.kill()) {
      if (each.kind === "step" && each.name === "two") atOnce += 1;
      if (each.kind === "report") atOnce -= 1;
      most = Math.max(most, atOnce);
    }
    expect(most).toBe(2);
  });

  it("C-97 a worker that stood still in a run that it resumed changes nothing, reports it, and lives", async () => {
    await crashed("stalled");
    const [stalled, other] = (await start(2)) as [LeaseWorkerProcess, LeaseWorkerProcess];
    const sweep = stalled.order({ kind: "sweep", graph: "steps", options: { ttlMs: TTL_MS }, holdAt: "two" });
    await stalled.step("two");
    await stalled.freeze();
    await stalled.goOn();
    const next = other.order({ kind: "sweep", graph: "steps", options: SWEEP });
    expect(await other.report()).toMatchObject({ kind: "resumed", threadId: "stalled" });
    await endSweep(other, next);
    stalled.thaw();
    expect(await stalled.report()).toMatchObject({ kind: "failed", threadId: "stalled", error: "HOLDFAST_LEASE_LOST" });
    expect(await endSweep(stalled, sweep)).toEqual([]);
    expect(await logOf("stalled")).toEqual(["one x", "two x", "three x"]);
  });
}

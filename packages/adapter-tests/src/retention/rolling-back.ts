import { threadId } from "@holdfast/checkpoint-core";
import { statefulGraph } from "@holdfast/checkpoint-conformance/stateful-graph";
import { Command } from "@langchain/langgraph";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "../plain-checkpoints.js";
import { questionGraph } from "../question-graph.js";
import { nestedStepGraph, stepGraph } from "../step-graph.js";
import { putChain, text } from "./chains.js";
import { deepQuestionGraph, deltaGraph } from "./graphs.js";
import type { RetentionStore } from "./retention-store.js";
import { asRun, on, shownOf } from "./shown.js";
import type { KeepingSaver } from "./target.js";

const nothing = () => undefined;
const steps = { one: nothing, two: nothing };
const GONE = { checkpoints: 0, segments: 0, writes: 0, orphans: [] };

/** Registers the tests of runs that are taken back. */
export function rollingBackTests(store: RetentionStore): void {
  const graphs: readonly (readonly [name: string, graphOf: (saver: KeepingSaver) => ReturnType<typeof stepGraph>])[] = [
    ["a graph", (saver) => stepGraph(saver, steps)],
    ["a graph with a subgraph that remembers", (saver) => nestedStepGraph(saver, steps) as never],
  ];
  for (const [name, graphOf] of graphs) {
    it(`C-55 without its last run, a thread of ${name} is as it was before it`, async () => {
      const saver = store.open();
      await graphOf(saver).invoke({ input: "1" }, asRun("last", "run 1"));
      const [before, underneath] = [await shownOf(saver, "last"), await store.inspect("last")];
      await graphOf(saver).invoke({ input: "2" }, asRun("last", "run 2"));
      const more = (await shownOf(saver, "last")).length - before.length;
      const report = await store.open().deleteForRuns(["run 2"]);
      expect(report).toMatchObject({ threads: 1, deleted: 0, checkpoints: more / 2, hidden: 0, busy: [] });
      for (const by of [saver, store.open({ cacheBytes: 0 })]) expect(await shownOf(by, "last")).toEqual(before);
      expect(await store.inspect("last")).toEqual(underneath);
      const { log } = await graphOf(saver).invoke({ input: "3" }, asRun("last", "run 3"));
      const memory = new MemorySaver() as never;
      await graphOf(memory).invoke({ input: "1" }, on("last"));
      expect(log).toEqual((await graphOf(memory).invoke({ input: "3" }, on("last"))).log);
    });
  }

  const questions: readonly (readonly [name: string, graphOf: (saver: KeepingSaver) => ReturnType<typeof questionGraph>])[] = [
    ["a graph", (saver) => questionGraph(saver, nothing)],
    ["a subgraph of a subgraph", (saver) => deepQuestionGraph(saver) as never],
  ];
  for (const [name, graphOf] of questions) {
    it(`C-55 without the run that answered it, a question of ${name} is open again`, async () => {
      const saver = store.open();
      await graphOf(saver).invoke({ input: "q" }, asRun("asked", "run 1"));
      const [before, underneath] = [await shownOf(saver, "asked"), await store.inspect("asked")];
      await graphOf(saver).invoke(new Command({ resume: "yes" }), asRun("asked", "run 2"));
      await store.open().deleteForRuns(["run 2"]);
      expect(await shownOf(saver, "asked")).toEqual(before);
      expect(await store.inspect("asked")).toEqual(underneath);
      const { log } = await graphOf(saver).invoke(new Command({ resume: "no" }), asRun("asked", "run 3"));
      const memory = new MemorySaver() as never;
      await graphOf(memory).invoke({ input: "q" }, on("asked"));
      expect(log).toEqual((await graphOf(memory).invoke(new Command({ resume: "no" }), on("asked"))).log);
    });
  }

  it("C-55 what later runs have built on a run that is taken out stays as it is", async () => {
    const saver = store.open();
    const graph = statefulGraph(saver);
    for (const run of ["run 1", "run 2", "run 3"]) await graph.invoke({ input: run }, asRun("middle", run));
    const before = await shownOf(saver, "middle");
    const ofRun: string[] = [];
    for await (const { checkpoint } of saver.list(on("middle"), { labels: { run_id: "run 2" } })) ofRun.push(checkpoint.id);
    expect(ofRun.length).toBeGreaterThan(3);
    await saver.deleteForRuns(["run 2"]);
    expect(await shownOf(saver, "middle")).toEqual(before.filter(({ id }) => !ofRun.includes(id)));
    expect((await store.inspect("middle")).orphans).toEqual([]);
    expect((await graph.invoke({ input: "run 4" }, asRun("middle", "run 4"))).output).toBe("run 1, run 2, run 3, run 4");
  });

  it("C-55 delta channels of later runs keep what a run that is taken out has written", async () => {
    const saver = store.open();
    const graph = deltaGraph(saver);
    for (const run of ["1", "2", "3"]) await graph.invoke({ input: run }, asRun("deltas", run));
    const { values } = await graph.getState(on("deltas"));
    const report = await saver.deleteForRuns(["2"]);
    expect(report.hidden, "one of the channels has no snapshot").toBeGreaterThan(0);
    expect((await deltaGraph(store.open({ cacheBytes: 0 })).getState(on("deltas"))).values).toEqual(values);
    expect((await saver.list(on("deltas"), { labels: { run_id: "2" } }).next()).done, "out of sight").toBe(true);
    expect((await store.inspect("deltas")).orphans).toEqual([]);
  });

  it("C-55 runs are taken out of all threads that they wrote to; one that has nothing else is gone", async () => {
    const saver = store.open();
    const graph = stepGraph(saver, steps);
    await graph.invoke({ input: "1" }, asRun("both", "run 1"));
    const before = await shownOf(saver, "both");
    await graph.invoke({ input: "2" }, asRun("both", "run 2"));
    await graph.invoke({ input: "2" }, asRun("only", "run 2"));
    await graph.invoke({ input: "3" }, asRun("other", "run 3"));
    await graph.invoke({ input: "4" }, asRun("other", "run 4"));
    expect(await saver.deleteForRuns(["run 2", "run 4", "unknown"])).toMatchObject({ threads: 3 });
    expect(await shownOf(saver, "both")).toEqual(before);
    expect(await store.inspect("only")).toEqual(GONE);
    expect((await graph.getState(on("other"))).values.log).toEqual(["one 3", "two 3"]);
    expect(await saver.deleteForRuns(["unknown"])).toMatchObject({ threads: 0, checkpoints: 0 });
    expect(await saver.deleteForRuns([])).toMatchObject({ threads: 0, checkpoints: 0 });
  });

  it("C-51 what comes late to a thread that is gone with its only run is refused", async () => {
    const saver = store.open();
    const ids = await putChain(saver, "gone", 3, { metadata: { run_id: "run 1" } });
    const cold = store.open({ cacheBytes: 0 });
    await cold.deleteForRuns(["run 1"]);
    const refusal = { code: "HOLDFAST_THREAD_DELETED" };
    for (const by of [saver, cold]) {
      await expect(by.putWrites(at("gone", ids[2]), [["last", text("late")]], "task")).rejects.toMatchObject(refusal);
      await expect(putWhole(by, "gone", checkpointOf({ last: text("late") }, 9), ids[2])).rejects.toMatchObject(refusal);
    }
    expect(await store.inspect("gone")).toEqual(GONE);
  });

  it("C-55 a thread that somebody has the lease of is left alone, and reported", async () => {
    const saver = store.open();
    await stepGraph(saver, steps).invoke({ input: "1" }, asRun("leased", "run 1"));
    const before = await shownOf(saver, "leased");
    const lease = await saver.acquireThread("leased");
    expect(await saver.deleteForRuns(["run 1"])).toMatchObject({ threads: 0, checkpoints: 0, busy: ["leased"] });
    expect(await shownOf(saver, "leased")).toEqual(before);
    await lease.release();
  });

  it("C-55 only in the threads that are named, or within parts of their ids, whoever else has used the id of the run", async () => {
    const saver = store.open();
    const [ours, theirs, alike] = [
      threadId({ tenant: "acme", user: "1" }),
      threadId({ tenant: "other" }),
      threadId({ tenant: "acme-evil" }),
    ];
    const all = [ours, theirs, alike, "plain"];
    const checkpoints = async (): Promise<number[]> =>
      Promise.all(all.map(async (thread) => (await store.inspect(thread)).checkpoints));
    for (const thread of all) {
      await putChain(saver, thread, 1, { configurable: { run_id: "r0" } });
      await putChain(saver, thread, 1, { configurable: { run_id: "r1" } });
    }
    expect(await saver.deleteForRuns(["r1"], { within: { tenant: "acme" }, dryRun: true })).toMatchObject({ threads: 1 });
    expect(await saver.deleteForRuns(["r1"], { threads: [] })).toMatchObject({ threads: 0, checkpoints: 0 });
    expect(await saver.deleteForRuns(["r1"], { threads: [theirs], within: { tenant: "acme" } })).toMatchObject({ threads: 0 });
    expect(await saver.deleteForRuns(["r1"], { threads: ["no such thread"] })).toMatchObject({ threads: 0 });
    expect(await checkpoints()).toEqual([2, 2, 2, 2]);
    expect(await saver.deleteForRuns(["r1"], { within: { tenant: "acme" } })).toMatchObject({ threads: 1, checkpoints: 1 });
    expect(await checkpoints()).toEqual([1, 2, 2, 2]);
    expect(await saver.deleteForRuns(["r1"], { threads: ["plain", "plain", ours] })).toMatchObject({
      threads: 1,
      checkpoints: 1,
    });
    expect(await checkpoints()).toEqual([1, 2, 2, 1]);
    for (const threads of ["plain", [""], [null], {}, null]) {
      await expect(saver.deleteForRuns(["r1"], { threads: threads as never }), JSON.stringify(threads)).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID_(THREAD_ID|OPTIONS)/) as string,
      });
    }
    expect(await saver.deleteForRuns(["r1"])).toMatchObject({ threads: 2, checkpoints: 2 });
  });
}

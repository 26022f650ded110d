import { statefulGraph } from "@holdfast/checkpoint-conformance/stateful-graph";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Command } from "@langchain/langgraph";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { questionGraph } from "../question-graph.js";
import { stepGraph } from "../step-graph.js";
import { putChain } from "./chains.js";
import { deepQuestionGraph, deltaGraph, toolGraph } from "./graphs.js";
import type { RetentionStore } from "./retention-store.js";
import { on, type Shown, shownOf } from "./shown.js";
import type { KeepingSaver } from "./target.js";

const NOTHING = { threads: 0, deleted: 0, checkpoints: 0, hidden: 0, bytes: 0, busy: [] };
const HOUR = 60 * 60 * 1_000;

/** Registers the tests of what `prune` keeps. */
export function keepingTests(store: RetentionStore): void {
  /** Prunes, and fails where what stays does not read as before, in another process too, or where something is left underneath that nothing needs. */
  async function pruned(saver: KeepingSaver, thread: string, keepLast = 1): Promise<{ before: Shown[]; after: Shown[] }> {
    const before = await shownOf(saver, thread);
    await saver.prune([thread], { keepLast });
    const after = await shownOf(saver, thread);
    const ids = new Set(after.map(({ id }) => id));
    expect(after, "what stays").toEqual(before.filter(({ id }) => ids.has(id)));
    expect(await shownOf(store.open({ cacheBytes: 0 }), thread), "to another process").toEqual(after);
    expect((await store.inspect(thread)).orphans).toEqual([]);
    expect(await saver.prune([thread], { keepLast }), "once more").toEqual(NOTHING);
    return { before, after };
  }

  it("C-52 the newest checkpoints stay, as many as keepLast says, and read as before", async () => {
    const saver = store.open();
    const ids = await putChain(saver, "chain", 10);
    const report = await saver.prune(["chain"], { keepLast: 4 });
    expect(report).toEqual({ threads: 1, deleted: 0, checkpoints: 6, hidden: 0, bytes: expect.any(Number), busy: [] });
    expect(report.bytes).toBeGreaterThan(0);
    const { after } = await pruned(saver, "chain", 4);
    expect([...new Set(after.map(({ id }) => id))]).toEqual(ids.slice(-4).reverse());
    for (const id of ids.slice(0, 6)) {
      expect(
        await saver.getTuple({ configurable: { thread_id: "chain", checkpoint_ns: "", checkpoint_id: id } }),
      ).toBeUndefined();
    }
    await saver.prune(["chain"]);
    expect([...new Set((await shownOf(saver, "chain")).map(({ id }) => id))], "by default, the newest").toEqual(ids.slice(-1));
  });

  it("C-52 checkpoints that are younger than maxAge stay", async () => {
    const saver = store.open();
    await putChain(saver, "young", 5);
    const before = await shownOf(saver, "young");
    expect(await saver.prune(["young"], { keepLast: 1, maxAge: HOUR })).toEqual(NOTHING);
    expect(await shownOf(saver, "young")).toEqual(before);
    expect(await saver.prune(["young"], { keepLast: 1, maxAge: 0 })).toMatchObject({ checkpoints: 4 });
  });

  it('C-52 with the strategy "delete" the thread goes as a whole', async () => {
    const saver = store.open();
    await putChain(saver, "gone", 5);
    await putChain(saver, "stays", 5);
    const report = await saver.prune(["gone"], { strategy: "delete" });
    expect(report).toMatchObject({ threads: 1, deleted: 1, checkpoints: 5, busy: [] });
    expect(await shownOf(saver, "gone")).toEqual([]);
    expect(await store.inspect("gone")).toEqual({ checkpoints: 0, segments: 0, writes: 0, orphans: [] });
    expect(await shownOf(saver, "stays")).toHaveLength(10);
  });

  it("C-52 a branch that ends in a question stays, and can be answered", async () => {
    const saver = store.open();
    const graph = questionGraph(saver, () => undefined);
    await stepGraph(saver, { one: () => undefined }).invoke({ input: "before" }, on("asked"));
    const fork = await graph.getState(on("asked"));
    await graph.invoke({ input: "q" }, on("asked"));
    const asked = await graph.getState(on("asked"));
    expect(asked.tasks.flatMap(({ interrupts }) => interrupts)).toHaveLength(1);
    // Another branch is gone on with, and is the newest.
    await stepGraph(saver, { one: () => undefined, two: () => undefined }).invoke({ input: "other" }, fork.config);
    const head = await graph.getState(on("asked"));
    const { after } = await pruned(saver, "asked");
    expect([...new Set(after.map(({ id }) => id))]).toEqual(
      [head, asked].map(({ config }) => config.configurable?.checkpoint_id),
    );
    const answered = await graph.invoke(new Command({ resume: "yes" }), asked.config);
    expect(answered.log).toEqual(["one before", "first: yes"]);
  });

  it("C-52 tools that have finished beside others that ask do not run again after keepLast: 1", async () => {
    const begun: string[] = [];
    const graph = toolGraph(store.open(), (name) => begun.push(name));
    const saver = store.open();
    await graph.invoke({ calls: ["look", "ask a", "read", "ask b"] }, on("tools"));
    await pruned(saver, "tools");
    expect(begun.splice(0).sort()).toEqual(["ask a", "ask b", "look", "read"]);
    const questions = (await graph.getState(on("tools"))).tasks.flatMap(({ interrupts }) => interrupts);
    expect(questions.map(({ value }) => value).sort()).toEqual(["ask a", "ask b"]);
    const answerTo = (question: string) => ({ [questions.find(({ value }) => value === question)?.id ?? ""]: "yes" });
    // One answer at a time, by a process that has seen nothing of the run.
    const other = toolGraph(saver, (name) => begun.push(name));
    await other.invoke(new Command({ resume: answerTo("ask a") }), on("tools"));
    await pruned(saver, "tools");
    expect(begun.splice(0).sort()).toEqual(["ask a", "ask b"]);
    const done = await other.invoke(new Command({ resume: answerTo("ask b") }), on("tools"));
    expect(begun).toEqual(["ask b"]);
    expect(done.summary).toBe("ask a: yes, ask b: yes, look: done, read: done");
  });

  it("C-52 what a crashed run has left at the end of its branch stays, and the run can be gone on with", async () => {
    const saver = store.open();
    const begun: string[] = [];
    let isBroken = true;
    const graph = toolGraph(saver, (name) => {
      begun.push(name);
      if (name === "break" && isBroken) throw new Error("broken");
    });
    await expect(graph.invoke({ calls: ["look", "break"] }, { ...on("crashed"), durability: "sync" })).rejects.toThrow("broken");
    await pruned(saver, "crashed");
    isBroken = false;
    begun.length = 0;
    expect((await graph.invoke(null, on("crashed"))).summary).toBe("break: done, look: done");
    expect(begun).toEqual(["break"]);
  });

  for (const keepLast of [1, 2, 4]) {
    it(`C-52 delta channels, whose snapshots fall on different checkpoints, survive keepLast: ${keepLast} after each turn`, async () => {
      const saver = store.open();
      const [graph, memory] = [deltaGraph(saver), deltaGraph(new MemorySaver())];
      for (const input of ["1", "2", "3", "4", "5"]) {
        const expected = await memory.invoke({ input }, on("deltas"));
        expect(await graph.invoke({ input }, on("deltas"))).toEqual(expected);
        const states = new Map<unknown, unknown>();
        for await (const { config, values } of graph.getStateHistory(on("deltas"))) {
          states.set(config.configurable?.checkpoint_id, values);
        }
        const { after } = await pruned(saver, "deltas", keepLast);
        expect(new Set(after.map(({ id }) => id)).size).toBe(keepLast);
        for (const { id } of after) {
          const config = { configurable: { ...on("deltas").configurable, checkpoint_id: id } };
          expect((await graph.getState(config)).values).toEqual(states.get(id));
        }
      }
    });
  }

  it("C-52 a delta channel survives keepLast: 1 after updateState, and in front of a question", async () => {
    const saver = store.open();
    const [graph, memory] = [deltaGraph(saver), deltaGraph(new MemorySaver())];
    const steps: ((by: typeof graph) => Promise<unknown>)[] = [
      (by) => by.invoke({ input: "1" }, on("edited")),
      (by) => by.updateState(on("edited"), { never: ["edited"], twice: ["edited"] }, "a"),
      (by) => by.invoke(null, on("edited")),
      (by) => by.updateState(on("edited"), { seldom: ["edited too"] }, "c"),
      (by) => by.updateState(on("edited"), { input: "nothing else" }, "c"),
      (by) => by.invoke({ input: "ask" }, on("edited")),
      (by) => by.invoke(new Command({ resume: "this" }), on("edited")),
    ];
    for (const [n, step] of steps.entries()) {
      await step(memory);
      await step(graph);
      await pruned(saver, "edited");
      const [actual, expected] = [await graph.getState(on("edited")), await memory.getState(on("edited"))];
      expect([actual.values, actual.next], `after step ${n}`).toEqual([expected.values, expected.next]);
    }
  });

  it("C-52 delta channels that were only written by updateState survive keepLast: 1", async () => {
    const saver = store.open();
    const graph = deltaGraph(saver);
    for (const never of ["one", "two", "three"]) await graph.updateState(on("edited by hand"), { never: [never] }, "a");
    const never = (await graph.getState(on("edited by hand"))).values.never;
    // LangGraph 1.4 does not write the first one: there is no checkpoint yet to write it to.
    expect(["one", "two", "three"].slice(-never.length)).toEqual(never);
    expect(never.length).toBeGreaterThanOrEqual(2);
    for (let times = 0; times < 2; times += 1) {
      await pruned(saver, "edited by hand");
      expect((await graph.getState(on("edited by hand"))).values.never).toEqual(never);
    }
  });

  it("C-52 a subgraph that remembers still does after keepLast: 1", async () => {
    const saver = store.open();
    const graph = statefulGraph(saver);
    for (const [n, input] of ["one", "two", "three"].entries()) {
      const { output } = await graph.invoke({ input }, on("remembers"));
      expect(output).toBe(["one", "two", "three"].slice(0, n + 1).join(", "));
      const { after } = await pruned(saver, "remembers");
      expect([...new Set(after.map(({ namespace }) => namespace))].sort()).toEqual(["", "inner"]);
    }
  });

  it("C-52 a subgraph that remembers is as it was then when a checkpoint that stays is replayed", async () => {
    const saver = store.open();
    const graph = statefulGraph(saver);
    const inputs = ["one", "two", "three", "four"];
    for (const input of inputs) await graph.invoke({ input }, on("replays"));
    // The last two turns of the graph, and of the subgraph what is needed for them.
    await pruned(saver, "replays", 8);
    const bases: { readonly config: RunnableConfig; readonly input: string }[] = [];
    for await (const { config, next, values } of graph.getStateHistory(on("replays"))) {
      if (next.includes("inner")) bases.push({ config, input: String(values.input) });
    }
    expect(bases.map(({ input }) => input)).toEqual(["four", "three"]);
    for (const { config, input } of bases) {
      const { output } = await graph.invoke(null, config);
      expect(output).toBe(inputs.slice(0, inputs.indexOf(input) + 1).join(", "));
    }
  });

  it("C-52 a question in a subgraph of a subgraph can be answered after keepLast: 1", async () => {
    const saver = store.open();
    await deepQuestionGraph(saver).invoke({ input: "q" }, on("deep"));
    const { before, after } = await pruned(saver, "deep");
    expect(after.length, "something goes").toBeLessThan(before.length);
    const other = deepQuestionGraph(store.open());
    const state = await other.getState(on("deep"), { subgraphs: true });
    expect(state.tasks.flatMap(({ interrupts }) => interrupts).map(({ value }) => value)).toEqual(["q"]);
    const { log } = await other.invoke(new Command({ resume: "yes" }), on("deep"));
    const undisturbed = deepQuestionGraph(new MemorySaver());
    await undisturbed.invoke({ input: "q" }, on("deep"));
    expect(log).toEqual((await undisturbed.invoke(new Command({ resume: "yes" }), on("deep"))).log);
  });

  it("C-52 subgraphs of checkpoints that are gone go with them", async () => {
    const saver = store.open();
    const graph = deepQuestionGraph(saver);
    for (const input of ["q", "r", "s"]) {
      await graph.invoke({ input }, on("turns"));
      await graph.invoke(new Command({ resume: "yes" }), on("turns"));
    }
    const { after } = await pruned(saver, "turns");
    expect(
      after.map(({ namespace }) => namespace),
      "listed and read",
    ).toEqual(["", ""]);
    expect(await store.inspect("turns")).toMatchObject({ checkpoints: 1, writes: 0 });
  });
}

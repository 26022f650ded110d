import assert from "node:assert/strict";
import { Annotation, Command, END, interrupt, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import { address, listIds, put } from "../checkpoints.js";
import { assertFails } from "../failures.js";
import { Gate } from "../gate.js";

const needs = { requires: ["rejectedConflicts"], hooks: ["errors"] } as const;
const rejecting = { onConflict: "reject" } as const;

const State = Annotation.Root({
  log: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
  input: Annotation<string>,
});

type Step = (input: string) => Promise<void> | void;

/** Two steps and a subgraph with two; `onStep` is called as each begins. */
function graphOf(checkpointer: BaseCheckpointSaver, onStep: Step = () => undefined) {
  const step =
    (name: string) =>
    async ({ input }: typeof State.State) => {
      await onStep(`${name} of ${input}`);
      return { log: [`${name} ${input}`] };
    };
  const inner = new StateGraph(State)
    .addNode("c", step("c"))
    .addNode("d", step("d"))
    .addEdge(START, "c")
    .addEdge("c", "d")
    .addEdge("d", END)
    .compile();
  return new StateGraph(State)
    .addNode("a", step("a"))
    .addNode("b", inner)
    .addEdge(START, "a")
    .addEdge("a", "b")
    .addEdge("b", END)
    .compile({ checkpointer });
}

/** A graph that asks a human. */
function questionGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(State)
    .addNode("ask", () => ({ log: [`answer ${interrupt("May I?")}`] }))
    .addEdge(START, "ask")
    .addEdge("ask", END)
    .compile({ checkpointer });
}

const config = (thread: string, id?: string) => ({
  configurable: { thread_id: thread, ...(id === undefined ? {} : { checkpoint_id: id }) },
});

/** As LangGraph runs with durability "async", a put that is refused is an unhandled rejection until the run is over, and tasks run meanwhile. */
const sync = (thread: string) => ({ ...config(thread), durability: "sync" as const });

export const conflicts = defineSuite("conflicts that are rejected", (it) => {
  it("C-95 a put on a head that has moved is refused, and stores nothing", needs, async ({ target, open, thread: newThread }) => {
    const thread = newThread();
    const [saver, other] = [await open(rejecting), await open(rejecting)];
    const first = await put(saver, { thread, values: { a: 1 } });
    const [seen, alsoSeen] = [await saver.getTuple(address(thread)), await other.getTuple(address(thread))];
    assert(seen !== undefined && alsoSeen !== undefined);
    const putOn = (by: BaseCheckpointSaver, tuple: typeof seen, id: string): Promise<unknown> =>
      by.put(
        { configurable: { ...tuple.config.configurable } },
        { ...tuple.checkpoint, id, channel_versions: { a: 2 } },
        { source: "input", step: 1, parents: {} },
        { a: 2 },
      );
    await putOn(saver, seen, "by saver");
    await assertFails(target, "concurrentUpdate", () => putOn(other, alsoSeen, "by other"), "a put on a head that has moved");
    await putOn(saver, seen, "by saver");
    assert.deepEqual(await listIds(saver, address(thread)), ["by saver", first]);
  });

  it(
    "C-95 of two runs from one head, the second fails before any of its tasks runs",
    needs,
    async ({ target, open, thread: newThread }) => {
      const [one, two] = [await open(rejecting), await open(rejecting)];
      const thread = newThread();
      await graphOf(one).invoke({ input: "before" }, config(thread));
      const steps: string[] = [];
      const reads = new Gate();
      const slow = slowAfterRead(two, reads);
      const late = graphOf(slow, (name) => void steps.push(name)).invoke({ input: "late" }, sync(thread));
      await reads.arrived;
      const { log } = await graphOf(one).invoke({ input: "quick" }, config(thread));
      reads.open();
      await assertFails(target, "concurrentUpdate", () => late, "the run whose head has moved");
      assert.deepEqual(steps, [], "tasks of the run that was refused");
      assert.deepEqual((await graphOf(two).getState(config(thread))).values.log, log);
      const again = await graphOf(two).invoke({ input: "again" }, config(thread));
      assert.deepEqual(again.log.slice(0, log.length), log, "what it goes on from when it begins anew");
    },
  );

  for (const isFirst of [false, true]) {
    const which = isFirst ? "the first run of its thread" : "a run";
    it(
      `C-95 ${which} that another overtakes in the middle fails at its next checkpoint, and the other's turn stays`,
      needs,
      async ({ target, open, thread: newThread }) => {
        const [one, two] = [await open(rejecting), await open(rejecting)];
        const thread = newThread();
        if (!isFirst) await graphOf(one).invoke({ input: "before" }, config(thread));
        const step = new Gate();
        const slow = graphOf(one, (name) => (name === "a of slow" ? step.pass() : undefined)).invoke(
          { input: "slow" },
          sync(thread),
        );
        await step.arrived;
        const { log } = await graphOf(two).invoke({ input: "quick" }, config(thread));
        step.open();
        await assertFails(target, "concurrentUpdate", () => slow, "the run that was overtaken");
        assert.deepEqual((await graphOf(two).getState(config(thread))).values.log, log);
      },
    );
  }

  it("C-95 of two first runs of a thread, one is refused", needs, async ({ target, open, thread: newThread }) => {
    const [one, two] = [await open(rejecting), await open(rejecting)];
    const thread = newThread();
    const reads = new Gate();
    const late = graphOf(slowAfterRead(two, reads)).invoke({ input: "late" }, sync(thread));
    await reads.arrived;
    await graphOf(one).invoke({ input: "quick" }, config(thread));
    reads.open();
    await assertFails(target, "concurrentUpdate", () => late, "the other first run");
  });

  it("C-95 an update of the head that has moved meanwhile is refused", needs, async ({ target, open, thread: newThread }) => {
    const [one, two] = [await open(rejecting), await open(rejecting)];
    const thread = newThread();
    await graphOf(one).invoke({ input: "before" }, config(thread));
    const reads = new Gate();
    const late = graphOf(slowAfterRead(two, reads)).updateState(config(thread), { log: ["edited"] }, "a");
    await reads.arrived;
    await graphOf(one).updateState(config(thread), { log: ["edited before"] }, "a");
    reads.open();
    await assertFails(target, "concurrentUpdate", () => late, "the other update");
  });

  it(
    "C-95 turns, resumes, updates and subgraphs one after the other are no conflicts, from any process",
    needs,
    async ({ open, thread: newThread }) => {
      const savers = [await open(rejecting), await open(rejecting), await open(rejecting)] as const;
      const memory = new MemorySaver();
      for (const durability of ["async", "sync", "exit"] as const) {
        const [thread, asked] = [newThread(), newThread()];
        const logs: unknown[] = [];
        for (const [n, by] of [...savers, ...savers].entries()) {
          const turn = { input: `turn ${n}` };
          const expected = await graphOf(memory).invoke(turn, { ...config(thread), durability });
          logs.push((await graphOf(by).invoke(turn, { ...config(thread), durability })).log);
          assert.deepEqual(logs.at(-1), expected.log);
          await graphOf(memory).updateState(config(thread), { log: ["edit"] }, "b");
          await graphOf(by).updateState(config(thread), { log: ["edit"] }, "b");
        }
        await questionGraph(savers[0]).invoke({ input: "q" }, { ...config(asked), durability });
        const { log } = await questionGraph(savers[1]).invoke(new Command({ resume: "yes" }), { ...config(asked), durability });
        assert.deepEqual(log, ["answer yes"]);
      }
    },
  );

  it("C-95 a run from a checkpoint that was named is a fork, and legal", needs, async ({ open, thread: newThread }) => {
    const [one, two] = [await open(rejecting), await open(rejecting)];
    const thread = newThread();
    await graphOf(one).invoke({ input: "first" }, config(thread));
    await graphOf(one).invoke({ input: "second" }, config(thread));
    const states = [];
    for await (const state of graphOf(two).getStateHistory(config(thread))) states.push(state);
    // Where the first turn ended.
    const old = states.filter(({ next }) => next.length === 0)[1];
    assert(old !== undefined);
    const saidBefore: string[] = old.values.log;
    // By its config, as it came out of the history, and by its id alone, as it comes from a client.
    const named = [old.config, JSON.parse(JSON.stringify(old.config)) as typeof old.config];
    for (const from of named) {
      const again = await graphOf(two).invoke({ input: "again" }, { ...from, durability: "sync" });
      assert.deepEqual(again.log.slice(0, saidBefore.length + 1), [...saidBefore, "a again"]);
      const edited = await graphOf(two).updateState(from, { log: ["edited"] }, "b");
      assert.deepEqual((await graphOf(one).getState(edited)).values.log, [...saidBefore, "edited"]);
      await graphOf(one).invoke(null, { ...from, durability: "sync" });
    }
    // And the thread goes on, from what is the head now.
    await graphOf(one).invoke({ input: "next" }, config(thread));
  });
});

/** A saver that is held after it has read the latest checkpoint: between the reading of a run and its first put. */
function slowAfterRead(saver: BaseCheckpointSaver, gate: Gate): BaseCheckpointSaver {
  return new Proxy(saver, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      if (property !== "getTuple") return value.bind(target);
      return async (...args: unknown[]): Promise<unknown> => {
        const result: unknown = await Reflect.apply(value, target, args);
        await gate.pass();
        return result;
      };
    },
  });
}

import assert from "node:assert/strict";
import { Command, type MessagesAnnotation, type StateSnapshot } from "@langchain/langgraph";
import { defineSuite } from "../case.js";
import { withClock } from "../checkpoints.js";
import { rejection } from "../failures.js";
import { chatGraph, says } from "../scenarios/chat-graph.js";
import { deltaGraph } from "../scenarios/delta-graph.js";
import { asking, commandGraph, fanOutGraph } from "../scenarios/fan-out-graph.js";
import { type Answer, answerWith, assertAsInMemory, findState, type Scenario } from "../scenarios/scenario.js";
import { workflow } from "../scenarios/workflow.js";

const chat: Scenario = async (run) => {
  const graph = () => chatGraph(run.nextSaver());
  for (const text of ["hello", "look up a, b, c", "thanks"]) run.note(await graph().invoke(says(text), run.config));
  run.note(await graph().invoke(says("book"), run.config));
  run.note(await graph().invoke(answerWith("Alice"), run.config));
  const asked = await findState(graph(), run.thread, (state) => state.tasks.some((task) => task.interrupts.length > 0));
  run.note(await graph().invoke(answerWith("Bob"), asked.config));
  const lookUp = await findState(graph(), run.thread, (state) => state.next.includes("tools"));
  run.note(await graph().invoke(says("look up d", "human look up a, b, c"), lookUp.parentConfig));
  run.note(await graph().invoke(says("bye"), run.config));
  return graph();
};

const fanOut: Scenario = async (run) => {
  const graph = () => fanOutGraph(run.nextSaver(), (item) => `did ${item}`);
  run.note(await graph().invoke({ items: ["a", "b", "c", "a"] }, run.config));
  const sent = await findState(graph(), run.thread, (state) => state.next.includes("worker"));
  run.note(await graph().invoke(null, sent.config));
  const edited = await graph().updateState(sent.config, { results: ["by hand"] }, "left");
  run.note(await graph().invoke(null, edited));
  run.note(await graph().invoke({ items: [] }, run.config));
  return graph();
};

const failing: Scenario = async (run) => {
  const done: string[] = [];
  let broken = true;
  const graph = () =>
    fanOutGraph(run.nextSaver(), (item) => {
      if (broken && item === "b") throw new TypeError(`no ${item} today`);
      done.push(item);
      return `did ${item}`;
    });
  for (let n = 0; n < 2; n += 1) {
    run.note((await rejection(() => graph().invoke(n === 0 ? { items: ["a", "b", "c"] } : null, run.config), "the run")).message);
    run.noteState(await graph().getState(run.config));
  }
  broken = false;
  run.note(await graph().invoke(null, run.config));
  run.note(done);
  return graph();
};

const askingAtOnce: Scenario = async (run) => {
  const graph = () => fanOutGraph(run.nextSaver(), asking);
  run.note(await graph().invoke({ items: ["a", "b", "c"] }, run.config));
  const state = await graph().getState(run.config);
  const idsByItem = new Map(
    state.tasks.flatMap((task) => task.interrupts).map((each) => [(each.value as { about: string }).about, each.id]),
  );
  const answer = (...items: string[]): Answer =>
    answerWith(Object.fromEntries(items.map((item) => [idsByItem.get(item) ?? "", `yes ${item}`])));
  run.note(await graph().invoke(answer("b"), run.config));
  run.noteState(await graph().getState(run.config));
  run.note(await graph().invoke(answer("a", "c"), run.config));
  return graph();
};

const commands: Scenario = async (run) => {
  const graph = () => commandGraph(run.nextSaver());
  run.note(await graph().invoke({ note: "begin" }, run.config));
  run.note(await graph().invoke(new Command({ goto: "last", update: { note: "from outside" } }), run.config));
  const second = await findState(graph(), run.thread, (state) => state.next.includes("second"));
  run.note(await graph().invoke(null, second.config));
  run.note(await graph().invoke({ note: "again" }, run.config));
  return graph();
};

const functional: Scenario = async (run) => {
  const ran: number[] = [];
  const flow = () => workflow(run.nextSaver(), (n) => void ran.push(n));
  run.note(await flow().invoke([1, 2, 3], run.config));
  run.note(await flow().invoke(answerWith(2), run.config));
  run.note(await flow().invoke([4], run.config));
  run.note(await flow().invoke(answerWith(10), run.config));
  const asked = await findState(flow(), run.thread, (state) => state.tasks.some((each) => each.interrupts.length > 0));
  run.note(await flow().invoke(answerWith(3), asked.config));
  run.note([...ran].sort());
  return flow();
};

const deltas =
  (durability: "exit" | "sync" | "async"): Scenario =>
  async (run) => {
    const graph = () => deltaGraph(run.nextSaver());
    const turn = async (input: string | null, from: StateSnapshot["config"] = run.config): Promise<void> =>
      run.note(await graph().invoke(input === null ? null : { input }, { ...from, durability }));
    for (const input of ["one", "two", "three", "reset", "four"]) await turn(input);
    const two = await findState(graph(), run.thread, (state) => state.next.length === 0 && state.values.input === "two");
    if (durability !== "exit") {
      // With "exit", LangGraph keeps the writes of every branch under the checkpoint that they fork from, and mixes them itself.
      await turn("two again", two.config);
      await turn("after the fork", await graph().updateState(two.config, { often: ["by hand"], never: ["by hand"] }, "d"));
      await turn(null, await graph().updateState(two.config, null, "__copy__"));
    }
    await turn("ask");
    run.note(await graph().invoke(answerWith("this"), { ...run.config, durability }));
    await turn("five");
    return graph();
  };

export const graphs = defineSuite("graphs", (it) => {
  it("C-33 a chat with tools and an approval: as in memory", (context) => assertAsInMemory(context, chat));

  it("C-42 tasks that are sent out at once: as in memory", (context) => assertAsInMemory(context, fanOut));

  it("C-40 a task that fails among others, and is run again: as in memory", (context) => assertAsInMemory(context, failing));

  it("C-41 tasks that ask at once and are answered one by one: as in memory", (context) =>
    assertAsInMemory(context, askingAtOnce));

  it("C-33 nodes that go where their Command says: as in memory", (context) => assertAsInMemory(context, commands));

  it("C-41 a workflow of the functional API: as in memory", (context) => assertAsInMemory(context, functional));

  for (const durability of ["exit", "sync", "async"] as const) {
    it(`C-44 delta channels with durability "${durability}": as in memory`, (context) =>
      assertAsInMemory(context, deltas(durability)));
  }

  it("C-13 each turn of a chat on another saver: every message is there, once", async ({ open, thread: newThread }) => {
    const config = { configurable: { thread_id: newThread() } };
    const expected: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const { messages } = await chatGraph(await open()).invoke(says(`turn ${turn}`), config);
      expected.push(`turn ${turn}`, `I have read ${2 * turn + 1} messages. The last one: turn ${turn}`);
      assert.deepEqual(
        messages.map((message) => message.content),
        expected,
      );
    }
    const state = await chatGraph(await open()).getState(config);
    assert.deepEqual(
      (state.values as { messages: { content: unknown }[] }).messages.map(({ content }) => content),
      expected,
    );
  });

  it("C-10 a turn that ran where the clock is an hour behind is not lost", { requires: ["commitOrder"] }, async ({
    open,
    thread: newThread,
  }) => {
    const config = { configurable: { thread_id: newThread() } };
    const humans = async (): Promise<unknown[]> => {
      const { messages } = (await chatGraph(await open()).getState(config)).values as typeof MessagesAnnotation.State;
      return messages.filter((message) => message.getType() === "human").map(({ content }) => content);
    };
    const expected: string[] = [];
    for (const [turn, hours] of [0, 1, 0, 2, 1].entries()) {
      const graph = chatGraph(await open());
      const { messages } = await withClock(-hours * 3_600_000, () => graph.invoke(says(`turn ${turn}`), config));
      expected.push(`turn ${turn}`);
      assert.equal(messages.length, 2 * expected.length);
      assert.deepEqual(await humans(), expected, `after turn ${turn}, ${hours} hours behind`);
    }
    const steps: unknown[] = [];
    for await (const state of chatGraph(await open()).getStateHistory(config)) steps.push(state.metadata?.step);
    assert.deepEqual(
      steps,
      [...steps].sort((a, b) => Number(b) - Number(a)),
      "the history goes from the last step to the first",
    );
  });
});

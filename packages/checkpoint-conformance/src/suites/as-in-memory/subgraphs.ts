import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { questionGraph } from "../../scenarios/question-graph.js";
import { answerWith, findState } from "../../scenarios/scenario.js";
import { scenarioSuite } from "../../scenarios/scenario-suite.js";
import { statefulGraph } from "../../scenarios/stateful-graph.js";

const log = Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] });
const Input = Annotation.Root({ input: Annotation<string> });
const Outer = Annotation.Root({ input: Annotation<string>, log });
const Inner = Annotation.Root({ input: Annotation<string>, memory: log, log });

/** Remembers its inputs, asks about them or not, and tells its parent. */
const inner = (name: string, asks: boolean) =>
  new StateGraph({ stateSchema: Inner, input: Input, output: Annotation.Root({ log }) })
    .addNode("keep", ({ input }) => ({ memory: [`${name} ${input}`] }))
    .addNode("tell", ({ input, memory }) => ({
      log: [`${name} knows ${memory.length}`, asks ? `was told ${interrupt(`${name} asks about ${input}`)}` : "asks nothing"],
    }))
    .addEdge(START, "keep")
    .addEdge("keep", "tell")
    .addEdge("tell", END);

/** Two subgraphs at once; they remember, or begin anew in every turn. */
function twoSubgraphs(checkpointer: BaseCheckpointSaver, options: { readonly remember?: true; readonly ask?: true }) {
  const own = options.remember ? ({ checkpointer: true } as const) : {};
  return new StateGraph(Outer)
    .addNode("left", inner("left", options.ask === true).compile(own))
    .addNode("right", inner("right", options.ask === true).compile(own))
    .addNode("end", ({ input }) => ({ log: [`end of ${input}`] }))
    .addEdge(START, "left")
    .addEdge(START, "right")
    .addEdge(["left", "right"], "end")
    .addEdge("end", END)
    .compile({ checkpointer });
}

/** A node that calls a graph as a function. */
function callingGraph(checkpointer: BaseCheckpointSaver) {
  const called = inner("called", true).compile();
  return new StateGraph(Outer)
    .addNode("call", async ({ input }) => ({ log: (await called.invoke({ input })).log }))
    .addEdge(START, "call")
    .addEdge("call", END)
    .compile({ checkpointer });
}

export const subgraphsAsInMemory = scenarioSuite("subgraphs", {
  "a subgraph of a subgraph": async (run) => {
    const graph = () => questionGraph(run.nextSaver(), { depth: 2, asks: 1 });
    for (const question of ["one", "two"]) {
      run.note(await graph().invoke({ question }, run.config));
      run.noteState(await graph().getState(run.config, { subgraphs: true }));
      run.note(await graph().invoke(answerWith(`yes to ${question}`), run.config));
    }
    return graph;
  },
  "a subgraph that remembers": async (run) => {
    const graph = () => statefulGraph(run.nextSaver());
    for (const input of ["one", "two", "three"]) run.note(await graph().invoke({ input }, run.config));
    const two = await findState(graph(), run.thread, ({ next, values }) => next.length === 0 && values.input === "two");
    run.note(await graph().invoke({ input: "three again" }, two.config));
    return graph;
  },
  "two subgraphs at once": async (run) => {
    const graph = () => twoSubgraphs(run.nextSaver(), {});
    for (const input of ["one", "two"]) run.note(await graph().invoke({ input }, run.config));
    return graph;
  },
  "two subgraphs that ask at once": {
    racing: true,
    scenario: async (run) => {
      const graph = () => twoSubgraphs(run.nextSaver(), { ask: true });
      run.note(await graph().invoke({ input: "one" }, run.config));
      const { tasks } = await graph().getState(run.config, { subgraphs: true });
      const ids = tasks.flatMap(({ interrupts }) => interrupts.map(({ id }) => String(id)));
      run.note(await graph().invoke(answerWith({ [String(ids[1])]: "right first" }), run.config));
      run.noteState(await graph().getState(run.config, { subgraphs: true }));
      run.note(await graph().invoke(answerWith({ [String(ids[0])]: "then left" }), run.config));
      return graph;
    },
  },
  "two subgraphs that remember and ask": {
    racing: true,
    scenario: async (run) => {
      const graph = () => twoSubgraphs(run.nextSaver(), { remember: true, ask: true });
      for (const input of ["one", "two"]) {
        run.note(await graph().invoke({ input }, run.config));
        const state = await graph().getState(run.config, { subgraphs: true });
        run.noteState(state);
        const ids = state.tasks.flatMap(({ interrupts }) => interrupts.map(({ id }) => String(id)));
        run.note(await graph().invoke(answerWith(Object.fromEntries(ids.map((id) => [id, `yes to ${input}`]))), run.config));
      }
      return graph;
    },
  },
  "a graph that a node calls": async (run) => {
    const graph = () => callingGraph(run.nextSaver());
    run.note(await graph().invoke({ input: "one" }, run.config));
    run.noteState(await graph().getState(run.config, { subgraphs: true }));
    run.note(await graph().invoke(answerWith("yes"), run.config));
    return graph;
  },
  "a subgraph whose state is edited while it waits": async (run) => {
    const graph = () => questionGraph(run.nextSaver(), { depth: 1, asks: 2 });
    run.note(await graph().invoke({ question: "one" }, run.config));
    const { tasks } = await graph().getState(run.config, { subgraphs: true });
    const state = tasks[0]?.state;
    if (state !== undefined && "values" in state) await graph().updateState(state.config, { draft: "edited", log: ["edited"] });
    run.note(await graph().invoke(answerWith("first"), run.config));
    run.note(await graph().invoke(answerWith("second"), run.config));
    return graph;
  },
});

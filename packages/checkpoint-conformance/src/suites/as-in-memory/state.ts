import { Annotation, END, interrupt, Overwrite, Send, START, StateGraph, UntrackedValueChannel } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { collect } from "../../checkpoints.js";
import { answerWith, outcome } from "../../scenarios/scenario.js";
import { scenarioSuite } from "../../scenarios/scenario-suite.js";

const all = Annotation<string[]>({ reducer: (log, more) => log.concat(more), default: () => [] });
const State = Annotation.Root({ input: Annotation<string>, log: all, scratch: () => new UntrackedValueChannel<string>() });

/** Two nodes at once, of which one overwrites; and a value that is never stored. */
const wideGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(State)
    .addNode("left", ({ input }) => ({ log: input === "reset" ? new Overwrite(["reset"]) : ["left"], scratch: "left" }))
    .addNode("right", ({ scratch }) => ({ log: [`right ${scratch}`] }))
    .addNode("join", ({ log }) => ({ log: [`join ${log.length}`] }))
    .addEdge(START, "left")
    .addEdge("left", "right")
    .addEdge("right", "join")
    .addEdge("join", END)
    .compile({ checkpointer });

const values = [
  undefined,
  null,
  0,
  "",
  false,
  [],
  {},
  "x\u0000y",
  { nested: [[[{ deep: "💛" }]]] },
  new Map([["a", new Set([1])]]),
];

const anything = Annotation.Root({ n: Annotation<number>, value: Annotation<unknown> });

const anyValueGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(anything)
    .addNode("set", ({ n }) => ({ value: values[n] }))
    .addEdge(START, "set")
    .addEdge("set", END)
    .compile({ checkpointer });

/** Two nodes at once which are updated by hand, and one that they lead to. */
const twoGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(State)
    .addNode("left", () => ({ log: ["left"] }))
    .addNode("right", () => ({ log: ["right"] }))
    .addNode("each", ({ item }: { item: string }) => ({ log: [`each ${item}`] }))
    .addEdge(START, "left")
    .addEdge(START, "right")
    .addConditionalEdges("left", ({ input }) => [...input].map((item) => new Send("each", { item })), ["each"])
    .addEdge("right", END)
    .compile({ checkpointer });

/** Writes to the stream from a subgraph, and asks there. */
function streamingGraph(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(State)
    .addNode("tell", ({ input }, { writer }) => {
      writer?.({ told: input });
      return { log: [`told ${input}`] };
    })
    .addNode("ask", ({ input }) => ({ log: [`${interrupt({ about: input })}`] }))
    .addEdge(START, "tell")
    .addEdge("tell", "ask")
    .addEdge("ask", END)
    .compile();
  return new StateGraph(State)
    .addNode("inner", inner)
    .addNode("end", ({ log }) => ({ log: [`end ${log.length}`] }))
    .addEdge(START, "inner")
    .addEdge("inner", "end")
    .addEdge("end", END)
    .compile({ checkpointer });
}

export const stateAsInMemory = scenarioSuite("states and streams", {
  "an overwritten channel, and one that is not stored": async (run) => {
    const graph = () => wideGraph(run.nextSaver());
    for (const input of ["one", "reset", "two"]) run.note(await graph().invoke({ input }, run.config));
    return graph;
  },
  "values of many kinds": async (run) => {
    const graph = () => anyValueGraph(run.nextSaver());
    for (const n of values.keys()) run.note(await graph().invoke({ n }, run.config));
    return graph;
  },
  "updates as several nodes": async (run) => {
    const graph = () => twoGraph(run.nextSaver());
    run.note(await graph().invoke({ input: "ab" }, { ...run.config, interruptAfter: ["left"] }));
    await graph().updateState(run.config, { log: ["as left"], input: "xy" }, "left");
    run.noteState(await graph().getState(run.config));
    run.note(await graph().invoke(null, run.config));
    run.note(await outcome(graph().updateState(run.config, { log: ["as nobody"] }, "nobody")));
    return graph;
  },
  "updates in bulk": async (run) => {
    const graph = () => twoGraph(run.nextSaver());
    run.note(await graph().invoke({ input: "ab" }, { ...run.config, interruptBefore: "*" }));
    await graph().bulkUpdateState(run.config, [
      {
        updates: [
          { values: { log: ["left by hand"] }, asNode: "left" },
          { values: { log: ["right by hand"] }, asNode: "right" },
        ],
      },
    ]);
    run.noteState(await graph().getState(run.config));
    run.note(await graph().invoke(null, run.config));
    return graph;
  },
  "streams of every mode": async (run) => {
    const graph = () => streamingGraph(run.nextSaver());
    const streamMode = ["values", "updates", "tasks", "custom", "messages"] as (
      | "values"
      | "updates"
      | "tasks"
      | "custom"
      | "messages"
    )[];
    for (const input of [{ input: "one" }, answerWith("yes"), { input: "two" }]) {
      run.note(await collect(await graph().stream(input, { ...run.config, streamMode, subgraphs: true })));
    }
    return graph;
  },
  "a stream that is read as it comes": async (run) => {
    const graph = () => wideGraph(run.nextSaver());
    for await (const update of await graph().stream(
      { input: "one" },
      { ...run.config, streamMode: "updates", durability: "sync" },
    )) {
      run.note(update);
    }
    run.note(await graph().invoke({ input: "two" }, run.config));
    return graph;
  },
});

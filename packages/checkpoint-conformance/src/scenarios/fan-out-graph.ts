import { Annotation, Command, END, interrupt, Send, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const State = Annotation.Root({
  items: Annotation<string[]>,
  results: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
  summary: Annotation<string>,
});

/** What the worker of one item does. */
export type Work = (item: string) => string;

/** One task per item at once; the workers' results are joined when all are there. */
export function fanOutGraph(checkpointer: BaseCheckpointSaver, work: Work) {
  return new StateGraph(State)
    .addNode("split", () => ({}))
    .addNode("worker", ({ item }: { item: string }) => ({ results: [work(item)] }))
    .addNode("left", () => ({ results: ["left"] }))
    .addNode("right", () => ({ results: ["right"] }))
    .addNode("join", ({ results }) => ({ summary: [...results].sort().join(" | ") }))
    .addEdge(START, "split")
    .addConditionalEdges("split", ({ items }) => items.map((item) => new Send("worker", { item })), ["worker"])
    .addEdge("split", "left")
    .addEdge("left", "right")
    .addEdge(["worker", "right"], "join")
    .addEdge("join", END)
    .compile({ checkpointer });
}

/** A worker that asks a human about its item. */
export const asking: Work = (item) => `${item}: ${interrupt({ about: item })}`;

const Route = Annotation.Root({
  path: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
  note: Annotation<string>,
});

/** Nodes that choose where to go by `Command`, one of them out of a subgraph. */
export function commandGraph(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(Route)
    .addNode("enter", () => ({ path: ["enter"] }))
    .addNode(
      "leave",
      () => new Command({ graph: Command.PARENT, goto: "last", update: { path: ["leave"], note: "from inside" } }),
    )
    .addEdge(START, "enter")
    .addEdge("enter", "leave")
    .compile();
  return new StateGraph(Route)
    .addNode("first", () => new Command({ goto: ["second", new Send("third", { note: "sent" })], update: { path: ["first"] } }), {
      ends: ["second", "third"],
    })
    .addNode("second", ({ path }) => new Command({ goto: "inner", update: { path: [`second after ${path.length}`] } }), {
      ends: ["inner"],
    })
    .addNode("third", ({ note }: { note: string }) => ({ path: [`third ${note}`] }))
    .addNode("inner", inner, { ends: ["last"] })
    .addNode("last", ({ note }) => ({ path: [`last ${note}`] }))
    .addEdge(START, "first")
    .addEdge("last", END)
    .compile({ checkpointer });
}

import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const all = Annotation<string[]>({ reducer: (said, more) => said.concat(more), default: () => [] });

const Inner = Annotation.Root({ input: Annotation<string>, remembered: all, output: Annotation<string> });
const Outer = Annotation.Root({ input: Annotation<string>, output: Annotation<string>, outputs: all });

/** A graph with a subgraph that remembers: its namespace is the same in every turn, and it begins where it ended. */
export function statefulGraph(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(Inner)
    .addNode("remember", ({ input }) => ({ remembered: [input] }))
    .addNode("recall", ({ remembered }) => ({ output: remembered.join(", ") }))
    .addEdge(START, "remember")
    .addEdge("remember", "recall")
    .addEdge("recall", END)
    .compile({ checkpointer: true });
  return new StateGraph(Outer)
    .addNode("inner", inner)
    .addNode("keep", ({ output }) => ({ outputs: [output] }))
    .addEdge(START, "inner")
    .addEdge("inner", "keep")
    .addEdge("keep", END)
    .compile({ checkpointer });
}

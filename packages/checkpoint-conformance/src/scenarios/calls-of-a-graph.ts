import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { collect } from "../checkpoints.js";
import type { Durability } from "./scenario.js";

const State = Annotation.Root({ text: Annotation<string>, length: Annotation<number> });

type Call = (config: RunnableConfig & { readonly durability?: Durability }) => Promise<unknown>;

/** The ways to run a graph of one node, also as a part of a graph that has no saver. */
export function callsOfAGraph(checkpointer: BaseCheckpointSaver, onNode: () => Promise<void>): Readonly<Record<string, Call>> {
  const graph = new StateGraph(State)
    .addNode("measure", async ({ text }) => {
      await onNode();
      return { length: text.length };
    })
    .addEdge(START, "measure")
    .compile({ checkpointer });
  const outer = new StateGraph(State).addNode("inner", graph).addEdge(START, "inner").compile();
  const input = { text: "hello" };
  return {
    invoke: (config) => graph.invoke(input, config),
    stream: async (config) => collect(await graph.stream(input, config)),
    batch: (config) => graph.batch([input, input], config),
    "a run as a subgraph": (config) => outer.invoke(input, config),
  };
}

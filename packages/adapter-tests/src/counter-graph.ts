import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const State = Annotation.Root({ count: Annotation<number>, by: Annotation<number> });

/** Adds to a number that it has read before: two runs at once lose an update, unless something keeps them apart. */
export function counterGraph(checkpointer: BaseCheckpointSaver, onRead: () => Promise<void> | void = () => undefined) {
  return new StateGraph(State)
    .addNode("add", async ({ count = 0, by }) => {
      await onRead();
      return { count: count + by };
    })
    .addEdge(START, "add")
    .addEdge("add", END)
    .compile({ checkpointer });
}

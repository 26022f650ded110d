import { Annotation, DeltaChannel, END, interrupt, Overwrite, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const concat = (all: string[], more: readonly (string | string[])[]): string[] => all.concat(...more);

const State = Annotation.Root({
  input: Annotation<string>,
  often: () => new DeltaChannel<string[], string | string[]>(concat, { snapshotFrequency: 3 }),
  never: () => new DeltaChannel<string[], string | string[]>(concat),
});

/** A graph whose log is kept as deltas: one channel with a snapshot now and then, one without. */
export function deltaGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(State)
    .addNode("a", ({ input }) => ({ often: [`a ${input}`], never: [`a ${input}`] }))
    .addNode("b", ({ input }) => {
      if (input === "reset") return { often: new Overwrite(["reset"]) };
      if (input === "ask") return { often: [`told ${interrupt("what?")}`] };
      return { often: [`b ${input}`, `b2 ${input}`] };
    })
    .addNode("c", ({ input }) => ({ never: [`c ${input}`] }))
    .addNode("d", ({ often, never }) => ({ never: [`d has seen ${often.length} and ${never.length}`] }))
    .addEdge(START, "a")
    .addEdge("a", "b")
    .addEdge("a", "c")
    .addEdge(["b", "c"], "d")
    .addEdge("d", END)
    .compile({ checkpointer });
}

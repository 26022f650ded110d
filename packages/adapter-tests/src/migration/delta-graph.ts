import { Annotation, DeltaChannel, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const concat = (all: string[], more: readonly (string | string[])[]): string[] => all.concat(...more);

const State = Annotation.Root({
  input: Annotation<string>,
  often: () => new DeltaChannel<string[], string | string[]>(concat, { snapshotFrequency: 3 }),
  never: () => new DeltaChannel<string[], string | string[]>(concat),
});

/** Its logs are kept as deltas, one with a snapshot now and then. It asks a human when its input is `ask`. */
export function deltaGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(State)
    .addNode("note", ({ input }) => ({ often: [`noted ${input}`], never: [`noted ${input}`] }))
    .addNode("act", ({ input }) => {
      const act = input === "ask" ? `was told ${interrupt("what?")}` : `did ${input}`;
      return { often: [act], never: [act] };
    })
    .addEdge(START, "note")
    .addEdge("note", "act")
    .addEdge("act", END)
    .compile({ checkpointer });
}

import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const State = Annotation.Root({
  input: Annotation<string>,
  log: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
});

/** Logs what it does, so that a turn that is lost or done twice shows. It asks a human before anything risky. `onThink` is called in the middle of a turn. */
export function conversationGraph(
  checkpointer: BaseCheckpointSaver,
  onThink: (input: string) => Promise<void> | void = () => {},
) {
  return new StateGraph(State)
    .addNode("think", async ({ input }) => {
      await onThink(input);
      return { log: [`thought of ${input}`] };
    })
    .addNode("act", ({ input }) => {
      const answer = input.startsWith("risky") ? `, since I was told ${interrupt(`May I do ${input}?`)}` : "";
      return { log: [`did ${input}${answer}`] };
    })
    .addEdge(START, "think")
    .addEdge("think", "act")
    .addEdge("act", END)
    .compile({ checkpointer });
}

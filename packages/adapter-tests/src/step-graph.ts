import { Annotation, END, type LangGraphRunnableConfig, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const State = Annotation.Root({
  input: Annotation<string>,
  log: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
});

/** What a step does before it logs its name and the turn's input. */
export type Step = (config: LangGraphRunnableConfig) => Promise<unknown> | unknown;

/** A graph of steps in a row. Nothing is merged but the log, so a log that lacks a line has lost an update. */
export function stepGraph(checkpointer: BaseCheckpointSaver, steps: Readonly<Record<string, Step>>) {
  return stepsOf(steps).compile({ checkpointer });
}

/** The same in a subgraph, between two steps of its own. */
export function nestedStepGraph(checkpointer: BaseCheckpointSaver, steps: Readonly<Record<string, Step>>) {
  return new StateGraph(State)
    .addNode("before", ({ input }) => ({ log: [`before ${input}`] }))
    .addNode("inner", stepsOf(steps).compile({ checkpointer: true }))
    .addNode("after", ({ input }) => ({ log: [`after ${input}`] }))
    .addEdge(START, "before")
    .addEdge("before", "inner")
    .addEdge("inner", "after")
    .addEdge("after", END)
    .compile({ checkpointer });
}

function stepsOf(steps: Readonly<Record<string, Step>>) {
  const nodes = Object.entries(steps).map(([name, step]) => [
    name,
    async ({ input }: typeof State.State, config: LangGraphRunnableConfig) => {
      await step(config);
      return { log: [`${name} ${input}`] };
    },
  ]) as [string, (state: typeof State.State, config: LangGraphRunnableConfig) => Promise<{ log: string[] }>][];
  return new StateGraph(State).addSequence(nodes).addEdge(START, nodes[0]?.[0] as string);
}

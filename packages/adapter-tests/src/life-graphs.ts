import { Annotation, DeltaChannel, END, interrupt, Send, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const all = Annotation<string[]>({ reducer: (said, more) => said.concat(more), default: () => [] });
const concat = (log: string[], more: readonly (string | string[])[]): string[] => log.concat(...more);
const delta = (snapshotFrequency?: number) => () =>
  new DeltaChannel<string[], string | string[]>(concat, snapshotFrequency === undefined ? {} : { snapshotFrequency });

/** A log that grows, with text that is stored in segments of its own. */
export function chatGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(Annotation.Root({ input: Annotation<string>, log: all }))
    .addNode("say", ({ input }) => ({ log: [`said ${input} ${"and more ".repeat(100)}`] }))
    .addNode("answer", ({ input, log }) => ({ log: [`answered ${input} after ${log.length}`] }))
    .addEdge(START, "say")
    .addEdge("say", "answer")
    .addEdge("answer", END)
    .compile({ checkpointer });
}

/** Two delta channels, whose snapshots are made at different steps. */
export function deltaGraph(checkpointer: BaseCheckpointSaver) {
  const State = Annotation.Root({ input: Annotation<string>, log: all, often: delta(3), seldom: delta(5), never: delta() });
  return new StateGraph(State)
    .addNode("a", ({ input }) => ({ often: [`a ${input}`], never: [`a ${input}`] }))
    .addNode("b", ({ input, often }) => ({ seldom: [`b ${input} has seen ${often.length}`] }))
    .addEdge(START, "a")
    .addEdge("a", "b")
    .addEdge("b", END)
    .compile({ checkpointer });
}

/** A subgraph that remembers from turn to turn. */
export function rememberingGraph(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(Annotation.Root({ input: Annotation<string>, remembered: all, output: Annotation<string> }))
    .addNode("remember", ({ input }) => ({ remembered: [input] }))
    .addNode("recall", ({ remembered }) => ({ output: remembered.join(", ") }))
    .addEdge(START, "remember")
    .addEdge("remember", "recall")
    .addEdge("recall", END)
    .compile({ checkpointer: true });
  return new StateGraph(Annotation.Root({ input: Annotation<string>, output: Annotation<string>, log: all }))
    .addNode("inner", inner)
    .addNode("keep", ({ output }) => ({ log: [output] }))
    .addEdge(START, "inner")
    .addEdge("inner", "keep")
    .addEdge("keep", END)
    .compile({ checkpointer });
}

/** Several tools at once, each of which asks a human. */
export function toolsGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(Annotation.Root({ input: Annotation<string>, log: all }))
    .addNode("plan", () => ({}))
    .addNode("tool", ({ name }: { name: string }) => ({ log: [`${name}: ${interrupt({ about: name })}`] }))
    .addNode("done", ({ log }) => ({ log: [`done with ${[...log].sort().join(", ")}`] }))
    .addEdge(START, "plan")
    .addConditionalEdges("plan", ({ input }) => input.split(" ").map((name) => new Send("tool", { name })), ["tool"])
    .addEdge("tool", "done")
    .addEdge("done", END)
    .compile({ checkpointer });
}

/** A subgraph that works, and then asks a human, twice. */
export function askingSubgraph(checkpointer: BaseCheckpointSaver) {
  const State = Annotation.Root({ input: Annotation<string>, log: all });
  const inner = new StateGraph(State)
    .addNode("prepare", ({ input }) => ({ log: [`prepared ${input}`] }))
    .addNode("first", () => ({ log: [`first: ${interrupt("first?")}`] }))
    .addNode("second", ({ log }) => ({ log: [`second after ${log.length}: ${interrupt("second?")}`] }))
    .addEdge(START, "prepare")
    .addEdge("prepare", "first")
    .addEdge("first", "second")
    .addEdge("second", END)
    .compile();
  return new StateGraph(State)
    .addNode("inner", inner)
    .addNode("after", ({ log }) => ({ log: [`after ${log.length}`] }))
    .addEdge(START, "inner")
    .addEdge("inner", "after")
    .addEdge("after", END)
    .compile({ checkpointer });
}

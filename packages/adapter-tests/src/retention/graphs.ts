import { Annotation, DeltaChannel, END, interrupt, Send, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const all = () => Annotation<string[]>({ reducer: (some, more) => some.concat(more), default: () => [] });

const Calls = Annotation.Root({ calls: Annotation<string[]>, results: all(), summary: Annotation<string> });

/** Calls several tools at once; those whose name begins with "ask" ask a human first. `onTool` is called when one begins. */
export function toolGraph(checkpointer: BaseCheckpointSaver, onTool: (name: string) => void) {
  return new StateGraph(Calls)
    .addNode("plan", () => ({}))
    .addNode("tool", ({ name }: { name: string }) => {
      onTool(name);
      const answer: unknown = name.startsWith("ask") ? interrupt(name) : "done";
      return { results: [`${name}: ${answer}`] };
    })
    .addNode("join", ({ results }) => ({ summary: [...results].sort().join(", ") }))
    .addEdge(START, "plan")
    .addConditionalEdges("plan", ({ calls }) => calls.map((name) => new Send("tool", { name })), ["tool"])
    .addEdge("tool", "join")
    .addEdge("join", END)
    .compile({ checkpointer });
}

const concat = (some: string[], more: readonly (string | string[])[]): string[] => some.concat(...more);

const Deltas = Annotation.Root({
  input: Annotation<string>,
  twice: () => new DeltaChannel<string[], string | string[]>(concat, { snapshotFrequency: 2 }),
  seldom: () => new DeltaChannel<string[], string | string[]>(concat, { snapshotFrequency: 5 }),
  never: () => new DeltaChannel<string[], string | string[]>(concat),
});

/** Logs that are kept as deltas: two with a snapshot now and then, not at the same time, and one without. "ask" asks a human. */
export function deltaGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(Deltas)
    .addNode("a", ({ input }) => ({ twice: [`a ${input}`], never: [`a ${input}`] }))
    .addNode("b", ({ input }) => ({ seldom: [input === "ask" ? `told ${interrupt("what?")}` : `b ${input}`] }))
    .addNode("c", ({ twice, seldom, never }) => ({
      seldom: [`c has seen ${twice.length}, ${seldom.length} and ${never.length}`],
      never: ["c"],
    }))
    .addEdge(START, "a")
    .addEdge("a", "b")
    .addEdge("b", "c")
    .addEdge("c", END)
    .compile({ checkpointer });
}

const Deep = Annotation.Root({ input: Annotation<string>, log: all() });

/** A subgraph of a subgraph asks a human. Each level does something before and after it. */
export function deepQuestionGraph(checkpointer: BaseCheckpointSaver) {
  const innermost = new StateGraph(Deep)
    .addNode("prepare", ({ input }) => ({ log: [`prepare ${input}`] }))
    .addNode("ask", ({ input }) => ({ log: [`${input}: ${interrupt(input)}`] }))
    .addEdge(START, "prepare")
    .addEdge("prepare", "ask")
    .addEdge("ask", END)
    .compile();
  const middle = new StateGraph(Deep)
    .addNode("begin", () => ({ log: ["begin"] }))
    .addNode("innermost", innermost)
    .addNode("end", () => ({ log: ["end"] }))
    .addEdge(START, "begin")
    .addEdge("begin", "innermost")
    .addEdge("innermost", "end")
    .addEdge("end", END)
    .compile();
  return new StateGraph(Deep)
    .addNode("open", () => ({ log: ["open"] }))
    .addNode("middle", middle)
    .addNode("close", () => ({ log: ["close"] }))
    .addEdge(START, "open")
    .addEdge("open", "middle")
    .addEdge("middle", "close")
    .addEdge("close", END)
    .compile({ checkpointer });
}

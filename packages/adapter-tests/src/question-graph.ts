import { Annotation, END, interrupt, type LangGraphRunnableConfig, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const State = Annotation.Root({
  input: Annotation<string>,
  log: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
});

type OnAct = (name: string, config: LangGraphRunnableConfig) => Promise<unknown> | unknown;

/** Asks a human twice, and acts on each answer. `onAct` is called when an action begins. */
export function questionGraph(checkpointer: BaseCheckpointSaver, onAct: OnAct) {
  return questions(onAct).compile({ checkpointer });
}

/** The same in a subgraph: there both questions are asked on one checkpoint of the root graph. */
export function nestedQuestionGraph(checkpointer: BaseCheckpointSaver, onAct: OnAct) {
  return new StateGraph(State)
    .addNode("inner", questions(onAct).compile())
    .addEdge(START, "inner")
    .addEdge("inner", END)
    .compile({ checkpointer });
}

/** The same in one step. */
export function twofoldQuestionGraph(checkpointer: BaseCheckpointSaver, onAct: OnAct) {
  const askAndAct = async (_: typeof State.State, config: LangGraphRunnableConfig) => {
    const first: unknown = interrupt("May I do the first?");
    const second: unknown = interrupt("May I do the second?");
    await onAct("act", config);
    return { log: [`${first}, ${second}`] };
  };
  return new StateGraph(State).addNode("both", askAndAct).addEdge(START, "both").addEdge("both", END).compile({ checkpointer });
}

function questions(onAct: OnAct) {
  const askAndAct = (which: string) => async (_: typeof State.State, config: LangGraphRunnableConfig) => {
    const answer: unknown = interrupt(`May I do the ${which}?`);
    await onAct(`${which} act`, config);
    return { log: [`${which}: ${answer}`] };
  };
  return new StateGraph(State)
    .addNode("first", askAndAct("first"))
    .addNode("second", askAndAct("second"))
    .addEdge(START, "first")
    .addEdge("first", "second")
    .addEdge("second", END);
}

import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Answer, Durability } from "./scenario.js";
import type { StatefulGraph } from "./thread-record.js";

/** The state of the scenarios' graphs: a question, what became of it, and a log that grows. */
const QuestionState = Annotation.Root({
  question: Annotation<string>,
  draft: Annotation<string>,
  answer: Annotation<string>,
  log: Annotation<string[]>({ reducer: (log, more) => log.concat(more), default: () => [] }),
});

type State = typeof QuestionState.State;

/** What the nodes in the middle do. */
export interface QuestionOptions {
  /** 0: the nodes are in the root graph; 1: in a subgraph; 2: in a subgraph of a subgraph. */
  readonly depth?: 0 | 1 | 2;
  /** How often the node in the middle asks a human. Default: not at all. */
  readonly asks?: 0 | 1 | 2;
  /** Called by each node with its name; a gate, a counter or a fault of the scenario. */
  onNode?(name: string, state: State): Promise<void> | void;
}

const core = ({ asks = 0, onNode }: QuestionOptions) =>
  new StateGraph(QuestionState)
    .addNode("prepare", async (state) => {
      await onNode?.("prepare", state);
      return { draft: `draft of ${state.question}`, log: [`prepare ${state.question}`] };
    })
    .addNode("decide", async (state) => {
      await onNode?.("decide", state);
      const answers: string[] = [];
      for (let n = 0; n < asks; n += 1) answers.push(interrupt({ ask: `${n}: is "${state.draft}" right?` }));
      return { answer: answers.join("+") || `answer to ${state.draft}`, log: [`decide ${answers.join("+")}`] };
    })
    .addEdge(START, "prepare")
    .addEdge("prepare", "decide")
    .addEdge("decide", END);

type CompiledCore = ReturnType<ReturnType<typeof core>["compile"]>;

const wrap = (inner: CompiledCore, { onNode }: QuestionOptions, name: string) =>
  new StateGraph(QuestionState)
    .addNode("before", async (state) => {
      await onNode?.(`before ${name}`, state);
      return { log: [`before ${name}`] };
    })
    .addNode("inner", inner)
    .addNode("after", async (state) => {
      await onNode?.(`after ${name}`, state);
      return { log: [`after ${name}: ${state.answer}`] };
    })
    .addEdge(START, "before")
    .addEdge("before", "inner")
    .addEdge("inner", "after")
    .addEdge("after", END);

type QuestionUpdate = typeof QuestionState.Update;

interface RunOptions extends RunnableConfig {
  readonly durability?: Durability;
  readonly interruptBefore?: "*";
  readonly interruptAfter?: "*";
}

/** What programs do with the graph, wherever its nodes lie. */
export interface QuestionGraph extends StatefulGraph {
  invoke(input: QuestionUpdate | Answer | null, options: RunOptions): Promise<State>;
  updateState(
    config: RunnableConfig,
    values: QuestionUpdate | [QuestionUpdate, string][] | null,
    asNode?: string,
  ): Promise<RunnableConfig>;
  bulkUpdateState(
    config: RunnableConfig,
    supersteps: { updates: { values: QuestionUpdate; asNode: string }[] }[],
  ): Promise<RunnableConfig>;
}

/** A compiled graph that answers a question; its middle lies as deep as `depth` says. */
export function questionGraph(checkpointer: BaseCheckpointSaver, options: QuestionOptions = {}): QuestionGraph {
  const { depth = 0 } = options;
  if (depth === 0) return core(options).compile({ checkpointer });
  if (depth === 1) return wrap(core(options).compile(), options, "the inner").compile({ checkpointer });
  // As a node, a compiled graph is one like the other: only the names of its nodes, which are part of its type, differ.
  const deeper = wrap(core(options).compile(), options, "the deeper").compile() as unknown as CompiledCore;
  return wrap(deeper, options, "the inner").compile({ checkpointer });
}

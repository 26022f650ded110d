import { Annotation, END, Send, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const said = Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] });
const Order = Annotation.Root({ order: Annotation<string>, log: said, report: Annotation<string> });
const Review = Annotation.Root({ order: Annotation<string>, log: said, report: Annotation<string>, verdict: Annotation<string> });

/** A task begins: `name` is the same in every run of the same order, `id` is LangGraph's. */
export type OnTask = (name: string, id: string) => Promise<void> | void;

interface TaskConfig {
  readonly configurable?: Record<string, unknown>;
}

/** Tasks in a row, side by side and in a subgraph, with a state that grows and one that is replaced. What it computes depends on nothing but its input. */
export function workerGraph(checkpointer: BaseCheckpointSaver, onTask: OnTask = () => undefined) {
  const begin = async (name: string, order: string, config: TaskConfig): Promise<void> => {
    await onTask(`${name} of ${order}`, String(config.configurable?.__pregel_task_id));
  };
  const review = new StateGraph(Review)
    .addNode("check", async ({ order, report }, config) => {
      await begin("check", order, config);
      return { verdict: `${report.length} characters`, log: [`checked ${order}`] };
    })
    .addNode("sign", async ({ order, verdict }, config) => {
      await begin("sign", order, config);
      return { log: [`signed ${order}: ${verdict}`] };
    })
    .addEdge(START, "check")
    .addEdge("check", "sign")
    .addEdge("sign", END)
    .compile();
  return new StateGraph(Order)
    .addNode("plan", async ({ order }, config) => {
      await begin("plan", order, config);
      return { log: [`planned ${order}`], report: `report on ${order} `.repeat(500) };
    })
    .addNode("piece", async ({ order, piece }: { order: string; piece: number }, config) => {
      await begin(`piece ${piece}`, order, config);
      return { log: [`made piece ${piece} of ${order}`] };
    })
    .addNode("join", async ({ order, log, report }, config) => {
      await begin("join", order, config);
      return { log: [`joined ${order} after ${log.length}`], report: `${report}, joined` };
    })
    .addNode("review", review)
    .addNode("close", async ({ order }, config) => {
      await begin("close", order, config);
      return { log: [`closed ${order}`] };
    })
    .addEdge(START, "plan")
    .addConditionalEdges("plan", ({ order }) => [1, 2, 3].map((piece) => new Send("piece", { order, piece })), ["piece"])
    .addEdge("piece", "join")
    .addEdge("join", "review")
    .addEdge("review", "close")
    .addEdge("close", END)
    .compile({ checkpointer });
}

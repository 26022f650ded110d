import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { Annotation, END, interrupt, type LangGraphRunnableConfig, Send, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { callSubgraph } from "./call-subgraph.js";
import { messageId } from "./messages.js";
import type { Model } from "./model.js";

/*
 * Append-only on purpose. LangGraph's MessagesAnnotation replaces a message of a known id, and so would hide a message that was added twice, which
 * is just what this example is to show or to rule out.
 */
function append<T>(before: T[], added: T[]): T[] {
  return before.concat(added);
}

const ThreadState = Annotation.Root({
  messages: Annotation<BaseMessage[]>({ reducer: append, default: () => [] }),
  /** The turn that was accepted last. */
  turn: Annotation<string>,
  /** The turns that are done, in order. */
  turns: Annotation<string[]>({ reducer: append, default: () => [] }),
});

/** A tool call on its way, with the place that its result will have in the conversation. */
interface Errand {
  readonly call: ToolCall;
  readonly position: number;
}

const Report = Annotation.Root({
  messages: Annotation<BaseMessage[]>({ reducer: append, default: () => [] }),
});

const ResearchState = Annotation.Root({
  ...Report.spec,
  call: Annotation<ToolCall>,
  position: Annotation<number>,
  question: Annotation<string>,
  found: Annotation<string>,
});

/** What a person is asked before a tool changes something. */
export interface ApprovalRequest {
  readonly tool: string;
  readonly args: unknown;
}

export type ApprovalAnswer = "approved" | "declined";

type Handler = "tools" | "research" | "change";

function handlerOf({ name }: ToolCall): Handler {
  if (/^(search|research)_/.test(name)) return "research";
  if (/^(book|update|cancel|send|transfer)_/.test(name)) return "change";
  return "tools";
}

function result({ call, position }: Errand, content: string): { messages: BaseMessage[] } {
  const { id = "", name } = call;
  return { messages: [new ToolMessage({ id: messageId(position), tool_call_id: id, name, content })] };
}

function threadOf(config: LangGraphRunnableConfig): string {
  return String(config.configurable?.thread_id);
}

/** agent → the tools it called, each a task of its own and all in parallel → agent → … until it has nothing more to call. */
export function agentGraph(model: Model, checkpointer: BaseCheckpointSaver) {
  const research = researchGraph(model);
  return new StateGraph(ThreadState)
    .addNode("agent", async ({ messages, turn }, config) => {
      const reply = await model.reply(threadOf(config), messages);
      const done = (reply?.tool_calls ?? []).length === 0;
      // The answer and the mark that the turn is done are writes of one task: no crash can come between them.
      return { messages: reply === undefined ? [] : [reply], turns: done ? [turn] : [] };
    })
    .addNode("tools", async (errand: Errand, config) =>
      result(errand, await model.callTool(threadOf(config), errand.call, errand.position)),
    )
    .addNode("change", async (errand: Errand, config) => {
      const { name: tool, args } = errand.call;
      // Throws until there is an answer; then this node runs again from its beginning. So nothing is changed above this line.
      const answer = interrupt<ApprovalRequest, ApprovalAnswer>({ tool, args });
      if (answer !== "approved") return result(errand, "A person declined this.");
      return result(errand, await model.callTool(threadOf(config), errand.call, errand.position));
    })
    .addNode("research", (errand: Errand, config) => callSubgraph(research, errand, config))
    .addEdge(START, "agent")
    .addConditionalEdges("agent", sendToolCalls, ["tools", "change", "research", END])
    .addEdge("tools", "agent")
    .addEdge("change", "agent")
    .addEdge("research", "agent")
    .compile({ checkpointer });
}

function sendToolCalls({ messages }: typeof ThreadState.State): Send<Handler, Errand>[] | typeof END {
  const last = messages.at(-1);
  const calls = AIMessage.isInstance(last) ? (last.tool_calls ?? []) : [];
  if (calls.length === 0) return END;
  return calls.map((call, index) => new Send(handlerOf(call), { call, position: messages.length + index }));
}

/** The sub-agent: it keeps its notes to itself (its checkpoints have a namespace of their own) and hands back one message. */
function researchGraph(model: Model) {
  return new StateGraph({ state: ResearchState, output: Report })
    .addNode("plan", ({ call }) => ({ question: `${call.name} ${JSON.stringify(call.args)}` }))
    .addNode("search", async ({ call, position }, config) => ({
      found: await model.callTool(threadOf(config), call, position),
    }))
    .addNode("report", ({ call, position, found }) => result({ call, position }, found))
    .addEdge(START, "plan")
    .addEdge("plan", "search")
    .addEdge("search", "report")
    .addEdge("report", END)
    .compile();
}

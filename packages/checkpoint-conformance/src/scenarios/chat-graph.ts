import { AIMessage, type BaseMessage, HumanMessage, isAIMessage, ToolMessage } from "@langchain/core/messages";
import { END, interrupt, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const toolCallsOf = (message: BaseMessage | undefined) =>
  message !== undefined && isAIMessage(message) ? (message.tool_calls ?? []) : [];

/** A model that does what it is told: "look up a, b" calls a tool for each; "book" asks for approval first. */
function reply(messages: readonly BaseMessage[]): AIMessage {
  const id = `ai-${messages.length}`;
  const last = messages.at(-1);
  const text = String(last?.content ?? "");
  if (last?.getType() === "human" && text.startsWith("look up ")) {
    const names = text.slice("look up ".length).split(", ");
    const tool_calls = names.map((name, n) => ({
      id: `${id}-${n}`,
      name: "look_up",
      args: { name, depth: [1, { n }] },
      type: "tool_call" as const,
    }));
    return new AIMessage({ id, content: "", tool_calls, response_metadata: { model: "fake", tokens: messages.length } });
  }
  if (last?.getType() === "human" && text === "book") {
    return new AIMessage({ id, content: "", tool_calls: [{ id: `${id}-0`, name: "book", args: {}, type: "tool_call" }] });
  }
  return new AIMessage({ id, content: `I have read ${messages.length} messages. The last one: ${text}` });
}

/** A chat agent: a model, tools that it calls, and an approval for one of them. */
export function chatGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(MessagesAnnotation)
    .addNode("model", ({ messages }) => ({ messages: [reply(messages)] }))
    .addNode("tools", ({ messages }) => {
      const results = toolCallsOf(messages.at(-1)).map((call) => {
        const content =
          call.name === "book" ? `booked: ${interrupt({ approve: call.name })}` : `found ${JSON.stringify(call.args)}`;
        return new ToolMessage({ id: `tool-${call.id}`, content, tool_call_id: call.id ?? "", artifact: { rows: [call.args] } });
      });
      return { messages: results };
    })
    .addEdge(START, "model")
    .addConditionalEdges("model", ({ messages }) => (toolCallsOf(messages.at(-1)).length > 0 ? "tools" : END), ["tools", END])
    .addEdge("tools", "model")
    .compile({ checkpointer });
}

/** A turn of a human. */
export const says = (text: string, id = `human ${text}`): { messages: HumanMessage[] } => ({
  messages: [new HumanMessage({ id, content: text })],
});

import { AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import type { ChatMessage } from "./transcripts.js";

/** A message as a worker shows it: OpenAI's format, and the id that it has in the state. */
export type StoredMessage = ChatMessage & { readonly id: string | undefined };

/**
 * The id of the message at a place in the conversation. The same on every worker and in every attempt: a message that is made again after a crash
 * is the same message.
 */
export function messageId(position: number): string {
  return `message-${position}`;
}

export function toLangChain(message: ChatMessage, position: number): BaseMessage {
  const id = messageId(position);
  const content = message.content ?? "";
  switch (message.role) {
    case "system":
      return new SystemMessage({ id, content });
    case "user":
      return new HumanMessage({ id, content });
    case "tool":
      return new ToolMessage({
        id,
        content,
        tool_call_id: message.tool_call_id ?? "",
        ...(message.name ? { name: message.name } : {}),
      });
    case "assistant":
      return new AIMessage({
        id,
        content,
        tool_calls: (message.tool_calls ?? []).map((call) => ({
          type: "tool_call" as const,
          id: call.id,
          name: call.function.name,
          args: JSON.parse(call.function.arguments) as Record<string, unknown>,
        })),
      });
  }
}

export function toChat(message: BaseMessage): StoredMessage {
  // What comes back from the store must be what went in: messages, not plain objects that look like them.
  if (!BaseMessage.isInstance(message))
    throw new Error(`The state holds something that is no message: ${JSON.stringify(message)}`);
  const { id } = message;
  const content = typeof message.content === "string" ? message.content : JSON.stringify(message.content);
  if (SystemMessage.isInstance(message)) return { id, role: "system", content };
  if (HumanMessage.isInstance(message)) return { id, role: "user", content };
  if (ToolMessage.isInstance(message)) {
    return { id, role: "tool", content, tool_call_id: message.tool_call_id, ...(message.name ? { name: message.name } : {}) };
  }
  if (!AIMessage.isInstance(message)) throw new Error(`The state holds a message of an unknown kind: ${message.type}`);
  const calls = (message.tool_calls ?? []).map(({ id, name, args }) => ({
    id: id ?? "",
    type: "function" as const,
    function: { name, arguments: JSON.stringify(args) },
  }));
  return { id, role: "assistant", content, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}

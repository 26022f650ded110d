import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Conversation } from "./conversations.js";

/** Plays a conversation through a real graph: each turn is one `invoke`, each step of it one run of the node. */
export async function playConversation(
  saver: BaseCheckpointSaver,
  threadId: string,
  conversation: Conversation,
  afterTurn: (messages: readonly BaseMessage[]) => Promise<void>,
): Promise<void> {
  let waiting: (readonly BaseMessage[])[] = [];
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("assistant", () => ({ messages: [...(waiting.shift() ?? [])] }))
    .addEdge(START, "assistant")
    .addConditionalEdges("assistant", () => (waiting.length > 0 ? "assistant" : END))
    .compile({ checkpointer: saver });
  for (const turn of conversation) {
    waiting = [...turn.steps];
    await graph.invoke({ messages: [...turn.input] }, { configurable: { thread_id: threadId }, recursionLimit: 1000 });
    await afterTurn([...turn.input, ...turn.steps.flat()]);
  }
}

/** UTF-8 bytes of what the messages say: their text, and the arguments of their tool calls. */
export function contentBytes(messages: readonly BaseMessage[]): number {
  let bytes = 0;
  for (const message of messages) {
    bytes += Buffer.byteLength(typeof message.content === "string" ? message.content : JSON.stringify(message.content));
    if (message instanceof AIMessage)
      for (const call of message.tool_calls ?? []) bytes += Buffer.byteLength(JSON.stringify(call.args));
  }
  return bytes;
}

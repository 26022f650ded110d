import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type Conversation, growingChat, type Turn } from "./conversations.js";

/** A graph whose node answers with what it is told to, once for each step of a turn. */
export class ConversationGraph {
  #waiting: (readonly BaseMessage[])[] = [];
  readonly graph = new StateGraph(MessagesAnnotation)
    .addNode("assistant", () => ({ messages: [...(this.#waiting.shift() ?? [])] }))
    .addEdge(START, "assistant")
    .addConditionalEdges("assistant", () => (this.#waiting.length > 0 ? "assistant" : END));

  /** The turn that a compiled graph is invoked with next. */
  answerWith({ steps }: Turn): void {
    this.#waiting = [...steps];
  }
}

export type CompiledConversationGraph = ReturnType<ConversationGraph["graph"]["compile"]>;

/** A conversation that is played turn by turn on one saver: each turn is one `invoke`, each step of it one run of the node. */
export interface PlayedConversation {
  /** Plays the next turn. */
  turn(): Promise<void>;
  /** Plays all that is left. */
  rest(): Promise<void>;
}

/** @param wrap what the graph is wrapped in, e.g. `exclusive`. */
export function startConversation(
  saver: BaseCheckpointSaver,
  threadId: string,
  conversation: Conversation,
  wrap: (graph: CompiledConversationGraph) => CompiledConversationGraph = (graph) => graph,
): PlayedConversation {
  const turns = conversation.values();
  const graph = new ConversationGraph();
  const compiled = wrap(graph.graph.compile({ checkpointer: saver }));
  const play = async (turn: Turn): Promise<void> => {
    graph.answerWith(turn);
    await compiled.invoke({ messages: [...turn.input] }, { configurable: { thread_id: threadId }, recursionLimit: 1_000 });
  };
  return {
    async turn() {
      const next = turns.next().value;
      if (next === undefined) throw new Error("The conversation is over.");
      await play(next);
    },
    async rest() {
      for (const turn of turns) await play(turn);
    },
  };
}

/** A chat that goes on as long as it is played: 300 characters in, 1,000 and 200 out of one node. */
export function startChat(
  saver: BaseCheckpointSaver,
  threadId: string,
  wrap?: (graph: CompiledConversationGraph) => CompiledConversationGraph,
): PlayedConversation {
  return startConversation(saver, threadId, growingChat(1_000, "prose"), wrap);
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

/** All messages of a turn, those that came in first. */
export function messagesOfTurn({ input, steps }: Turn): readonly BaseMessage[] {
  return [...input, ...steps.flat()];
}

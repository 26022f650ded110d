import type { BaseMessage } from "@langchain/core/messages";
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { growingChat } from "./conversations.js";

/** A chat that is played turn by turn on one saver: 300 characters in, 1,000 and 200 out of one node. */
export interface Chat {
  /** Plays the next turn. */
  turn(): Promise<void>;
}

type ChatGraph = ReturnType<typeof chatGraph>;

/** A graph whose node answers with what it is told to. */
function chatGraph(saver: BaseCheckpointSaver, answer: () => readonly BaseMessage[]) {
  return new StateGraph(MessagesAnnotation)
    .addNode("assistant", () => ({ messages: [...answer()] }))
    .addEdge(START, "assistant")
    .compile({ checkpointer: saver });
}

/** @param wrap what the graph is wrapped in, e.g. `exclusive`. */
export function startChat(
  saver: BaseCheckpointSaver,
  threadId: string,
  wrap: (graph: ChatGraph) => ChatGraph = (graph) => graph,
): Chat {
  const turns = growingChat(1_000, "prose").values();
  let waiting: readonly BaseMessage[] = [];
  const graph = wrap(chatGraph(saver, () => waiting));
  return {
    async turn() {
      const next = turns.next().value;
      if (next === undefined) throw new Error("The chat is over.");
      waiting = next.steps[0] ?? [];
      await graph.invoke({ messages: [...next.input] }, { configurable: { thread_id: threadId } });
    },
  };
}

import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";

const open = {
  postgres: (url) => PostgresSaver.fromConnString(url),
  redis: (url, keyPrefix) => RedisSaver.fromUrl(url, { keyPrefix }),
};

/** Repeats all that was said to it. */
function answer({ messages }) {
  const said = messages.filter((message) => HumanMessage.isInstance(message)).map(({ content }) => content);
  return { messages: new AIMessage(`You said: ${said.join(", ")}`) };
}

/** One turn on a saver of its own: the conversation as it then stands, and what an error of the saver is called here. */
export async function say({ store, url, threadId, text }) {
  const saver = open[store](url, threadId);
  try {
    await saver.setup();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("answer", answer)
      .addEdge(START, "answer")
      .addEdge("answer", END)
      .compile({ checkpointer: saver });
    const { messages } = await graph.invoke({ messages: [new HumanMessage(text)] }, { configurable: { thread_id: threadId } });
    const { name, code } = await saver.deleteThread("").catch((error) => error);
    return { conversation: messages.map(({ content }) => content), refusal: { name, code } };
  } finally {
    await saver.end();
  }
}

import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import { RunnableLambda } from "@langchain/core/runnables";
import { AIMessage as Answer } from "@langchain/core/messages";

/** In place of a chat model with its tools, so that the examples run without a key. */
export function model() {
  return RunnableLambda.from<BaseMessage[], AIMessage>((messages) => new Answer(`You said: ${messages.at(-1)?.text}`));
}

import { pathToFileURL } from "node:url";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { AIMessage } from "@langchain/core/messages";
import { messageId } from "./messages.js";
import type { Model } from "./model.js";
import { runTravelTool, travelTools } from "./travel-tools.js";

const INSTRUCTIONS =
  "You work at a travel desk. Look things up before you answer. Call several tools at once where that helps. Booking, changing and cancelling are " +
  "approved by a person. Answer in one or two short sentences.";

/** A LangChain chat model: `openai:gpt-4o-mini`, `<provider>:<model>` of an installed `@langchain/<provider>`, or a module (`./my-model.js`). */
export async function liveModel(name: string): Promise<Model> {
  const chat = await chatModel(name);
  if (chat.bindTools === undefined) throw new Error(`MODEL=${name}: this chat model cannot call tools.`);
  const withTools = chat.bindTools([...travelTools]);
  return {
    name,
    instructions: () => INSTRUCTIONS,
    async reply(_threadId, messages) {
      const reply = (await withTools.invoke([...messages])) as AIMessage;
      reply.id = messageId(messages.length);
      return reply;
    },
    callTool: async (_threadId, call) => runTravelTool(call),
  };
}

type ChatModelClass = new (fields: { model: string }) => BaseChatModel;

async function chatModel(name: string): Promise<BaseChatModel> {
  if (/^(\.|\/|file:)/.test(name)) {
    const url = name.startsWith("file:") ? name : pathToFileURL(name).href;
    const { default: chat } = (await import(url)) as { default?: BaseChatModel };
    if (typeof chat?.invoke !== "function") throw new Error(`MODEL=${name}: the module has no chat model as its default export.`);
    return chat;
  }
  const [, provider, model] = /^([a-z0-9-]+):(.+)$/.exec(name) ?? [];
  if (provider === undefined || model === undefined) {
    throw new Error(`MODEL=${name} is neither <provider>:<model>, as openai:gpt-4o-mini, nor the path of a module.`);
  }
  if (provider === "openai") {
    const { ChatOpenAI } = await import("@langchain/openai");
    return new ChatOpenAI({ model });
  }
  const packageName = `@langchain/${provider}`;
  const library = (await import(packageName).catch((cause: Error) => {
    throw new Error(`MODEL=${name} needs the package ${packageName}: ${cause.message}`, { cause });
  })) as Record<string, unknown>;
  const wanted = `chat${provider.replaceAll("-", "")}`;
  const classes = Object.entries(library).filter(([key, value]) => key.startsWith("Chat") && typeof value === "function");
  const [, found] = classes.find(([key]) => key.toLowerCase() === wanted) ?? classes[0] ?? [];
  if (found === undefined) throw new Error(`MODEL=${name}: ${packageName} exports no chat model.`);
  return new (found as ChatModelClass)({ model });
}

import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";

/** What a model says: a text, or the tools that it calls, each with its arguments. */
export type Line = string | readonly (readonly [tool: string, args: Record<string, unknown>])[];

/** What is said about a human's message, in turn: the first line answers it, the second what the first one's tools gave. */
export type Script = (asked: string) => readonly Line[];

const textOf = (message: BaseMessage | undefined): string =>
  typeof message?.content === "string" ? message.content : JSON.stringify(message?.content);

/** A model that says the same in every run: what it is asked, and how far it has got, stand in the messages. */
export class ScriptedModel extends BaseChatModel {
  readonly #script: Script;

  constructor(script: Script) {
    super({});
    this.#script = script;
  }

  override _llmType(): string {
    return "scripted";
  }

  override bindTools(): this {
    return this;
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const asked = messages.findLastIndex((message) => message.getType() === "human");
    const said = messages.slice(asked + 1).filter((message) => message.getType() === "ai").length;
    const line = this.#script(textOf(messages[asked]))[said] ?? "nothing more to say";
    const message =
      typeof line === "string"
        ? new AIMessage(line)
        : new AIMessage({
            content: "",
            tool_calls: line.map(([name, args], n) => ({
              id: `call ${asked} ${said} ${n}`,
              name,
              args,
              type: "tool_call" as const,
            })),
          });
    return { generations: [{ text: textOf(message), message }] };
  }
}

import type { BaseMessage } from "@langchain/core/messages";
import { AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { FakeStreamingChatModel } from "@langchain/core/utils/testing";

/** Streams "You said: …" word by word. To "Refund me" it calls a tool first. */
export class ScriptedModel extends FakeStreamingChatModel {
  /** The texts that it was called with, in order. */
  readonly calls: string[] = [];
  /** What it waits for behind its first word. */
  pause: Promise<void> = Promise.resolve();

  /** The same without streaming. */
  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    let whole: ChatGenerationChunk | undefined;
    for await (const chunk of this._streamResponseChunks(messages, options)) whole = whole?.concat(chunk) ?? chunk;
    return { generations: whole === undefined ? [] : [whole] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const last = messages.at(-1);
    this.calls.push(last?.text ?? "");
    if (last?.text === "Refund me") {
      const call = { id: "call-1", name: "refund", args: '{"amount":5}', index: 0, type: "tool_call_chunk" as const };
      yield new ChatGenerationChunk({ text: "", message: new AIMessageChunk({ content: "", tool_call_chunks: [call] }) });
      return;
    }
    for (const [index, word] of `You said: ${last?.text}`.split(/(?<= )/).entries()) {
      if (index === 1) await this.pause;
      options.signal?.throwIfAborted();
      const chunk = new ChatGenerationChunk({ text: word, message: new AIMessageChunk(word) });
      yield chunk;
      await runManager?.handleLLMNewToken(word, undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

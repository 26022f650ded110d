import { Document } from "@langchain/core/documents";
import {
  AIMessage,
  AIMessageChunk,
  BaseMessage,
  ChatMessage,
  ChatMessageChunk,
  type ContentBlock,
  FunctionMessage,
  FunctionMessageChunk,
  HumanMessage,
  HumanMessageChunk,
  RemoveMessage,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";
import { ChatPromptValue, ImagePromptValue } from "@langchain/core/prompt_values";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { HoldfastSerializer } from "./index.js";
import { difference } from "../strict-equality.testing.js";

const serializer = new HoldfastSerializer();
const official = new MemorySaver().serde;

// `never`: the type of the field depends on the message structure, which a table has no room for.
const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7, input_token_details: { cache_read: 1 } } as never;
const toolCall = { name: "search", args: { q: "tea" }, id: "call-1", type: "tool_call" as const };
const text = { type: "text" as const, text: "hello" };
const blocks: ContentBlock.Standard[] = [text, { type: "reasoning", reasoning: "because" }];
const common = { id: "m-1", name: "ada", additional_kwargs: { a: { b: [1] } }, response_metadata: { model_name: "m" } };
const chunkOfCall = (args: string, rest: object = {}) => ({ type: "tool_call_chunk" as const, index: 0, args, ...rest });
const callChunks = [chunkOfCall('{"q":"tea"}', { name: "search", id: "call-1" })];
const streamed = (): AIMessageChunk =>
  new AIMessageChunk({ content: "he", id: "m-1", tool_call_chunks: [chunkOfCall('{"q":', { name: "search", id: "call-1" })] })
    .concat(new AIMessageChunk({ content: "llo", tool_call_chunks: [chunkOfCall('"tea"}')], usage_metadata: usage }))
    .concat(new AIMessageChunk({ content: "", usage_metadata: usage, response_metadata: { finish_reason: "stop" } }));

/** Every message class of core with each option that its constructor treats in a way of its own. */
const MESSAGES: Record<string, () => BaseMessage> = {
  "a human's text": () => new HumanMessage("hello"),
  "a human's fields": () => new HumanMessage({ content: "hello", ...common }),
  "a human's image": () => new HumanMessage({ content: [text, { type: "image_url", image_url: { url: "https://a.b/c.png" } }] }),
  "a human's content blocks": () => new HumanMessage({ contentBlocks: [...blocks] }),
  "a human's chunk": () => new HumanMessageChunk({ content: "hel", ...common }).concat(new HumanMessageChunk("lo")),
  "a system's text": () => new SystemMessage("be kind"),
  "a system's content blocks": () => new SystemMessage({ contentBlocks: [text], id: "s-1" }),
  "a system's chunk": () => new SystemMessageChunk({ content: [text], ...common }),
  "an AI's text": () => new AIMessage("hello"),
  "an AI's empty content": () => new AIMessage({ content: [], ...common }),
  "an AI's tool calls": () => new AIMessage({ content: "", tool_calls: [toolCall], usage_metadata: usage, ...common }),
  "an AI's invalid tool calls": () =>
    new AIMessage({
      content: "",
      invalid_tool_calls: [{ name: "f", args: "{", id: "c", error: "no", type: "invalid_tool_call" }],
    }),
  "an AI's raw tool calls": () =>
    new AIMessage({
      content: "",
      additional_kwargs: {
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      tool_calls: [toolCall],
    }),
  "an AI's content blocks": () => new AIMessage({ contentBlocks: [...blocks] }),
  "an AI's content blocks with a tool call": () =>
    new AIMessage({ contentBlocks: [...blocks], tool_calls: [toolCall], usage_metadata: usage, id: "m-1" }),
  "an AI's content blocks that are a tool call": () => new AIMessage({ contentBlocks: [text, toolCall] }),
  "an AI's content of version 1": () =>
    new AIMessage({ content: [text], tool_calls: [toolCall], response_metadata: { output_version: "v1" } }),
  "an AI's text of version 1": () => new AIMessage({ content: "hello", response_metadata: { output_version: "v1" } }),
  "an AI's content of OpenAI": () =>
    new AIMessage({ content: "hello", tool_calls: [toolCall], response_metadata: { model_provider: "openai" } }),
  "an AI's refusal": () =>
    new AIMessage({
      content: "",
      additional_kwargs: { refusal: "I cannot" },
      response_metadata: { model_provider: "openai" },
    }),
  "an AI's content of Anthropic": () =>
    new AIMessage({
      content: [{ type: "thinking", thinking: "hm", signature: "s" }, text],
      response_metadata: { model_provider: "anthropic", stop_reason: "refusal", stop_details: { explanation: "no" } },
    }),
  "an AI's content of Google": () =>
    new AIMessage({ content: "hello", response_metadata: { model_provider: "google", finishReason: "SAFETY" } }),
  "an AI's chunk": () => new AIMessageChunk({ content: "hel", ...common }),
  "an AI's chunk of text": () => new AIMessageChunk("hel"),
  "an AI's chunk with tool calls": () => new AIMessageChunk({ content: "", tool_calls: [toolCall] }),
  "an AI's chunk with chunks of tool calls": () =>
    new AIMessageChunk({ content: "", tool_call_chunks: callChunks, usage_metadata: usage }),
  "an AI's chunk with a broken tool call": () =>
    new AIMessageChunk({ content: "", tool_call_chunks: [chunkOfCall('{"q"', { id: "c" })] }),
  "an AI's chunks put together": streamed,
  "an AI's chunk of version 1": () =>
    new AIMessageChunk({ content: [text], tool_call_chunks: callChunks, response_metadata: { output_version: "v1" } }),
  "an AI's chunk of content blocks": () => new AIMessageChunk({ contentBlocks: [...blocks] }),
  "a tool's text": () => new ToolMessage("done", "call-1", "search"),
  "a tool's fields": () =>
    new ToolMessage({
      content: [text],
      tool_call_id: "call-1",
      status: "error",
      artifact: { rows: [1, 2] },
      metadata: { took: 3 },
      ...common,
    }),
  "a tool's content blocks": () => new ToolMessage({ contentBlocks: [text], tool_call_id: "call-1" }),
  "a tool's chunk": () =>
    new ToolMessageChunk({ content: "do", tool_call_id: "call-1", status: "success", artifact: { a: 1 } }).concat(
      new ToolMessageChunk({ content: "ne", tool_call_id: "call-1" }),
    ),
  "a function's": () => new FunctionMessage({ content: "done", name: "search", id: "f-1" }),
  "a function's chunk": () => new FunctionMessageChunk({ content: "done", name: "search" }),
  "a role's": () => new ChatMessage({ content: "hello", role: "critic", ...common }),
  "a role's arguments in a row": () => new ChatMessage("hello", "critic"),
  "a role's chunk": () => new ChatMessageChunk({ content: "hel", role: "critic" }).concat(new ChatMessageChunk("lo", "critic")),
  "a removal": () => new RemoveMessage({ id: "m-1" }),
  "a removal of all": () => new RemoveMessage({ id: "__remove_all__" }),
};

const OTHERS: Record<string, () => object> = {
  "a document": () => new Document({ pageContent: "text", metadata: { page: 1 }, id: "d-1" }),
  "a document without metadata": () => new Document({ pageContent: "" }),
  "a prompt's messages": () =>
    new ChatPromptValue([
      new SystemMessage("be kind"),
      new AIMessage({ contentBlocks: [...blocks], tool_calls: [toolCall] }),
      streamed(),
      new ToolMessage({ content: "done", tool_call_id: "call-1", artifact: { a: 1 } }),
    ]),
  "a prompt's image": () => new ImagePromptValue({ url: "https://a.b/c.png", detail: "low" }),
};

async function through<T>(serde: typeof official, value: T): Promise<T> {
  return (await serde.loadsTyped(...(await serde.dumpsTyped(value)))) as T;
}

/** What one sees of a message beside its own fields. */
function views(message: BaseMessage): unknown {
  return {
    dict: message.toDict(),
    json: message.toJSON(),
    text: JSON.parse(JSON.stringify(message)),
    argumentNames: Object.keys(message.toJSON()).sort(),
    blocks: message.contentBlocks,
    asText: message.text,
    printed: message.toFormattedString(),
    id: message.lc_id,
    type: message.getType(),
    isMessage: BaseMessage.isInstance(message),
  };
}

describe("C-60 each kind of message", () => {
  describe.each(Object.entries(MESSAGES))("%s", (_, make) => {
    it("C-60 comes back with its fields and all that is computed from them", async () => {
      const read = await through(serializer, make());
      expect(difference(make(), read)).toBeUndefined();
      expect(views(read)).toEqual(views(make()));
    });

    it("C-60 comes back so from a list that is written again", async () => {
      const first = serializer.dumpAfter(undefined, [make(), make(), make(), make(), make()], "messages");
      const { dumped } = serializer.dumpAfter(
        first.previousEncoding,
        [make(), make(), make(), make(), make(), make()],
        "messages",
      );
      const read = (await serializer.loadsTyped("hf1", dumped[1].toBuffer())) as BaseMessage[];
      for (const message of read) expect(views(message)).toEqual(views(make()));
    });

    it("C-60 shows what MemorySaver shows of it", async () => {
      expect(views(await through(serializer, make()))).toEqual(views(await through(official, make())));
    });

    it("C-66 is read from the official serializer as it was, or as that reads it", async () => {
      const [type, bytes] = await official.dumpsTyped(make());
      const theirs = (await official.loadsTyped(type, bytes)) as BaseMessage;
      const ours = (await serializer.loadsTyped(type, bytes)) as BaseMessage;
      // Upstream's reader loses the `tool_call_id` of a chunk of a tool's message.
      if (difference(make(), ours) !== undefined) expect(difference(theirs, ours)).toBeUndefined();
      expect(views(ours)).toEqual(views(theirs));
    });
  });

  it("C-60 keeps what was assigned later out of its JSON, as the message itself does", async () => {
    const late = new AIMessage("hello");
    Object.assign(late, { name: "late", usage_metadata: usage });
    const read = await through(serializer, late);
    expect(difference(late, read)).toBeUndefined();
    expect(views(read)).toEqual(views(late));
  });

  it("C-60 goes on as a chunk", async () => {
    const next = new AIMessageChunk({ content: "!", usage_metadata: usage });
    expect(views((await through(serializer, streamed())).concat(next))).toEqual(views(streamed().concat(next)));
  });
});

describe("C-60 each other kind of LangChain object", () => {
  it.each(Object.entries(OTHERS))("C-60 %s comes back", async (_, make) => {
    const read = await through(serializer, make());
    expect(difference(make(), read)).toBeUndefined();
    expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(make())));
  });
});

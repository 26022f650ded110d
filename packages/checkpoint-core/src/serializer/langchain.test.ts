import { createRequire } from "node:module";
import { AIMessage, AIMessageChunk, type BaseMessage, ChatMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatPromptValue, StringPromptValue } from "@langchain/core/prompt_values";
import { PromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda } from "@langchain/core/runnables";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SerializationError } from "../errors.js";
import { anyMessage, anyValue } from "./arbitraries.testing.js";
import { HoldfastSerializer } from "./index.js";
import { difference } from "../strict-equality.testing.js";

const serializer = new HoldfastSerializer();
const official = new MemorySaver().serde;

async function roundTrip<T>(value: T): Promise<T> {
  const [type, bytes] = await serializer.dumpsTyped(value);
  return (await serializer.loadsTyped(type, bytes)) as T;
}

describe("C-60 messages", () => {
  it("C-60 come back with their class and all their fields", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async (message) => {
        const read = await roundTrip(message);
        expect(difference(message, read)).toBeUndefined();
        expect(read.contentBlocks).toEqual(message.contentBlocks);
      }),
      { numRuns: 400 },
    );
  });

  it("C-60 are written by core's toJSON as before", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async (message) => {
        const before = JSON.parse(JSON.stringify(message));
        const after = JSON.parse(JSON.stringify(await roundTrip(message)));
        expect(after).toEqual(before);
      }),
    );
  });

  it("C-60 are at least what the official serializer makes of them", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async (message) => {
        const theirs = await official.loadsTyped(...(await official.dumpsTyped(message)));
        const ours = await roundTrip(message);
        // Where theirs is as the message was put, ours is too; where theirs is not, ours is.
        if (difference(message, theirs) === undefined) expect(difference(theirs, ours)).toBeUndefined();
        else expect(difference(message, ours)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it("C-60 keep values of every kind in their fields", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, anyValue, async (one, other) => {
        const tool = new ToolMessage({ content: "x", tool_call_id: "1", artifact: one, additional_kwargs: { other } });
        expect(difference(tool, await roundTrip(tool))).toBeUndefined();
        const ai = new AIMessage({
          content: "",
          tool_calls: [{ name: "f", args: { one }, id: "1" }],
          response_metadata: { other },
        });
        expect(difference(ai, await roundTrip(ai))).toBeUndefined();
      }),
    );
  });

  it("C-60 keep what was assigned after they were made", async () => {
    const message = new AIMessage("text");
    message.id = "late";
    message.name = "bot";
    message.tool_calls?.push({ name: "f", args: { at: new Date(4) }, id: "c" });
    Object.assign(message, { custom: 1n, usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } });
    const read = await roundTrip(message);
    expect(difference(message, read)).toBeUndefined();
    const updated = new HumanMessage("x");
    updated._updateId("new");
    expect((await roundTrip(updated)).id).toBe("new");
    const again = await roundTrip(updated);
    again._updateId("again");
    expect([again.id, JSON.parse(JSON.stringify(again)).kwargs.id]).toEqual(["again", "again"]);
  });

  it("C-60 keep constructor arguments that are no fields", async () => {
    const message = new HumanMessage({ content: "x", example: new Date(3) } as never);
    const read = await roundTrip(message);
    expect(read.lc_kwargs.example).toEqual(new Date(3));
    expect(difference(message, read)).toBeUndefined();
  });

  it("C-60 keep what their constructor would compute anew", async () => {
    const chunk = new AIMessageChunk({
      content: "",
      tool_call_chunks: [{ name: "f", args: "{}", id: "1", index: 0, type: "tool_call_chunk" }],
    });
    chunk.tool_calls = [];
    chunk.invalid_tool_calls = [{ name: "g", args: "{", id: "2", error: "no" }];
    expect(difference(chunk, await roundTrip(chunk))).toBeUndefined();
    const v1 = new AIMessage({ content: [{ type: "text", text: "a" }], response_metadata: { output_version: "v1" } });
    v1.tool_calls = [{ name: "f", args: {}, id: "1" }];
    const read = await roundTrip(v1);
    expect(difference(v1, read)).toBeUndefined();
    expect(read.contentBlocks).toHaveLength(1);
    const odd = new ChatMessage({ content: "x", role: "r" });
    Object.assign(odd, { content: null, additional_kwargs: undefined });
    expect(difference(odd, await roundTrip(odd))).toBeUndefined();
  });

  it("C-60 of another copy of LangChain are read as those of this one", async () => {
    const require = createRequire(import.meta.url);
    const commonJs = require("@langchain/core/messages") as typeof import("@langchain/core/messages");
    expect(commonJs.HumanMessage.prototype).not.toBe(HumanMessage.prototype);
    const read = await roundTrip<BaseMessage>(
      new commonJs.HumanMessage({ content: "hi", id: "1", additional_kwargs: { at: new Date(1) } }),
    );
    expect(
      difference(new HumanMessage({ content: "hi", id: "1", additional_kwargs: { at: new Date(1) } }), read),
    ).toBeUndefined();
  });

  it("C-61 of a user's own class are refused", async () => {
    class Whisper extends HumanMessage {}
    class Named extends AIMessage {
      static override lc_name(): string {
        return "Named";
      }
    }
    await expect(serializer.dumpsTyped([new Whisper("x")])).rejects.toThrow(/value\[0\].*Whisper/);
    await expect(serializer.dumpsTyped([new Named("x")])).rejects.toThrow(/value\[0\].*Named/);
  });
});

describe("C-60 other LangChain objects", () => {
  it("C-60 come back, nested anywhere", async () => {
    const prompt = new ChatPromptValue([new HumanMessage({ content: "hi", id: "1" }), new AIMessage({ content: "ho", id: "2" })]);
    const read = await roundTrip({ list: [prompt, 1n], map: new Map([[1, prompt]]) });
    expect(difference(prompt, read.list[0])).toBeUndefined();
    expect(difference(prompt, read.map.get(1))).toBeUndefined();
    expect(read.list[1]).toBe(1n);
  });

  it("C-61 are refused at the put when a user's class has another name", () => {
    class Mine extends PromptTemplate {
      static override lc_name(): string {
        return "MyPrompt";
      }
    }
    const mine = { prompt: new Mine({ template: "{a}", inputVariables: ["a"] }) };
    for (let i = 0; i < 2; i++) {
      expect(() => serializer.dump(mine, "state")).toThrow(SerializationError);
      expect(() => serializer.dump(mine, "state")).toThrow(/state\.prompt.*MyPrompt/);
    }
  });

  it("C-61 are refused when they come back with other contents", () => {
    expect(() => serializer.dump({ value: new StringPromptValue(["x"] as never) }, "state")).not.toThrow();
    const changed = new StringPromptValue("x");
    changed.lc_kwargs.more = 1;
    expect(() => serializer.dump({ value: changed }, "state")).toThrow(/other contents/);
  });

  it("C-61 are refused with the path of an argument that JSON would change", () => {
    const withArgument = (content: unknown): unknown => ({
      p: new ChatPromptValue([new HumanMessage({ content: "x", additional_kwargs: { content } })]),
    });
    const deep = JSON.parse(`${"[".repeat(60)}${"]".repeat(60)}`);
    for (const lost of [
      new Date(0),
      undefined,
      1n,
      -0,
      Number.NaN,
      new Map(),
      () => 1,
      { a: [new Date(0)] },
      JSON.parse('{"__proto__":1}'),
      deep,
    ]) {
      expect(() => serializer.dump(withArgument(lost), "state"), String(lost)).toThrow(
        /^Cannot store state\.p\.messages\[0\]\.additional_kwargs\.content/,
      );
    }
    expect(() => serializer.dump(withArgument({ lc: 1, m: new HumanMessage("x") }), "state")).toThrow(SerializationError);
    const late = new HumanMessage("x");
    late.id = "late";
    expect(() => serializer.dump(new ChatPromptValue([late]), "state")).toThrow(/the id of this message/);
  });

  it("C-60 keep the deepest arguments that core loads, and data that looks like LangChain's", async () => {
    // The prompt's arguments, its messages, one of them, its arguments and additional_kwargs are levels 1 to 5.
    for (const [levels, kept] of [
      [45, true],
      [46, false],
    ] as const) {
      const deep = JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
      const prompt = new ChatPromptValue([new HumanMessage({ content: "x", additional_kwargs: { deep } })]);
      if (kept) expect(difference(prompt, await roundTrip(prompt))).toBeUndefined();
      else expect(() => serializer.dump(prompt, "p")).toThrow(/50 levels/);
    }
    const fake = { lc: 1, type: "constructor", id: ["langchain_core", "messages", "AIMessage"], kwargs: { content: "boo" } };
    const prompt = new ChatPromptValue([new HumanMessage({ content: "x", additional_kwargs: { fake, list: [{ lc: 2 }] } })]);
    expect((await roundTrip(prompt)).messages[0]?.additional_kwargs).toEqual({ fake, list: [{ lc: 2 }] });
  });

  it("C-61 are refused when they are not serializable or hold a secret", () => {
    expect(() => serializer.dump({ f: RunnableLambda.from(() => 1) }, "state")).toThrow(/state\.f/);
    class WithSecret extends PromptTemplate {
      override get lc_secrets(): Record<string, string> {
        return { template: "TEMPLATE" };
      }
    }
    const allowing = new HoldfastSerializer({ allow: [WithSecret] });
    expect(() => allowing.dump(new WithSecret({ template: "{a}", inputVariables: ["a"] }), "state")).toThrow(/secret template/);
  });
});

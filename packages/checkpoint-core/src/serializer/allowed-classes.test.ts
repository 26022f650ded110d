import { Serializable } from "@langchain/core/load/serializable";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { ChatPromptValue, ImagePromptValue, StringPromptValue } from "@langchain/core/prompt_values";
import {
  ChatPromptTemplate,
  HumanMessagePromptTemplate,
  PromptTemplate,
  SystemMessagePromptTemplate,
} from "@langchain/core/prompts";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it, test } from "vitest";
import { DeserializationError, InvalidOptionsError, SerializationError } from "../errors.js";
import { HoldfastSerializer } from "./index.js";
import { difference } from "../strict-equality.testing.js";

const serializer = new HoldfastSerializer();
const official = new MemorySaver().serde;

let made = 0;

class Money extends Serializable {
  lc_namespace = ["shop", "values"];
  override lc_serializable = true;
  readonly amountInCents: number;

  constructor(fields: { amountInCents: number }) {
    super(fields);
    this.amountInCents = fields.amountInCents;
    made += 1;
  }
}

function record(id: readonly unknown[], kwargs: unknown = {}): object {
  return { lc: 1, type: "constructor", id, kwargs };
}

const REFUSED: readonly (readonly [string, object])[] = [
  ["a generator", record(["langchain_core", "utils", "stream", "AsyncGeneratorWithSetup"], { generator: {} })],
  ["a plain function", record(["langchain_core", "utils", "hash", "insecureHash"])],
  ["a tracer", record(["langchain_core", "tracers", "console", "ConsoleCallbackHandler"])],
  ["a runnable", record(["langchain_core", "runnables", "RunnableLambda"], { func: {} })],
  [
    "a prompt template",
    record(["langchain_core", "prompts", "prompt", "PromptTemplate"], { template: "x", input_variables: [] }),
  ],
  ["what every object inherits", record(["langchain_core", "messages", "constructor"])],
  ["another name for a message", record(["langchain_core", "messages", "ai", "AIMessage"], { content: "x" })],
  ["a class of this test", record(["shop", "values", "Money"], { amount_in_cents: 5 })],
  ["an id that is no text", record([{ length: 1 }])],
  ["an empty id", record([])],
];

describe("C-62 reading constructs the classes of a closed list only", () => {
  test.each(REFUSED)("C-62 %s is a DeserializationError in both formats", async (_name, refused) => {
    made = 0;
    const name = Object.getOwnPropertyDescriptor(Object, "name");
    const inMessage = record(["langchain_core", "messages", "AIMessage"], { content: "x", additional_kwargs: { refused } });
    for (const whole of [
      refused,
      [{ refused }],
      inMessage,
      record(["langchain_core", "prompt_values", "ChatPromptValue"], { messages: [refused] }),
    ]) {
      const text = JSON.stringify(whole);
      await expect(serializer.loadsTyped("json", text)).rejects.toThrow(DeserializationError);
      await expect(serializer.loadsTyped("hf1", JSON.stringify([{ "~": "lc", v: text }]))).rejects.toThrow(DeserializationError);
    }
    expect(made).toBe(0);
    expect(Object.getOwnPropertyDescriptor(Object, "name")).toEqual(name);
  });

  test.each(["secret", "not_implemented", "other"])("C-62 a LangChain record of the kind %s is plain data", async (type) => {
    const other = { lc: 1, type, id: ["PATH"] };
    const text = JSON.stringify(record(["langchain_core", "prompt_values", "ChatPromptValue"], { messages: [other] }));
    const read = (await serializer.loadsTyped("hf1", JSON.stringify({ "~": "lc", v: text }))) as ChatPromptValue;
    expect(read.messages).toStrictEqual([other]);
    await expect(serializer.loadsTyped("hf1", JSON.stringify({ "~": "lc", v: JSON.stringify(other) }))).rejects.toThrow(
      DeserializationError,
    );
  });

  it("C-60 C-62 prompt values come back in both formats", async () => {
    const messages = [
      new HumanMessage({ content: "hi", id: "1" }),
      new AIMessage({ content: "ho", usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } } as never),
    ];
    const chat = new ChatPromptValue({ messages });
    const image = new ImagePromptValue({ imageUrl: { url: "https://a.example/b.png", detail: "low" } });
    const text = new StringPromptValue("x");
    for (const value of [chat, image, text]) {
      expect(difference(value, await serializer.loadsTyped(...(await serializer.dumpsTyped(value))))).toBeUndefined();
      expect(difference(value, await serializer.loadsTyped(...(await official.dumpsTyped(value))))).toBeUndefined();
    }
  });

  it("C-61 a LangChain object of a class that is not on the list is refused before anything is stored", () => {
    expect(() => serializer.dump({ price: new Money({ amountInCents: 5 }) }, "cart")).toThrow(SerializationError);
    expect(() => serializer.dump({ price: new Money({ amountInCents: 5 }) }, "cart")).toThrow(
      /cart\.price.*shop\/values\/Money.*allow/,
    );
    const prompt = PromptTemplate.fromTemplate("{a}");
    expect(() => serializer.dump({ prompt }, "state")).toThrow(/state\.prompt.*PromptTemplate.*allow/);
  });
});

describe("C-62 classes that the user allows", () => {
  it("C-60 come back in both formats", async () => {
    const allowing = new HoldfastSerializer({ allow: [Money] });
    const value = { price: new Money({ amountInCents: 5 }), list: [new Map([[1, new Money({ amountInCents: 7 })]])] };
    const read = (await allowing.loadsTyped(...(await allowing.dumpsTyped(value)))) as typeof value;
    expect(read.price).toBeInstanceOf(Money);
    expect(difference(value, read)).toBeUndefined();
    const theirs = (await allowing.loadsTyped(...(await official.dumpsTyped(value)))) as typeof value;
    expect(theirs.price).toBeInstanceOf(Money);
    expect(theirs.price.amountInCents).toBe(5);
  });

  it("C-60 may be classes of LangChain", async () => {
    const allowing = new HoldfastSerializer({
      allow: [ChatPromptTemplate, PromptTemplate, SystemMessagePromptTemplate, HumanMessagePromptTemplate],
    });
    const template = ChatPromptTemplate.fromMessages([
      ["system", "You are {who}."],
      ["human", "{question}"],
    ]);
    const read = (await allowing.loadsTyped(...(await allowing.dumpsTyped({ template })))) as { template: typeof template };
    const messages = await read.template.formatMessages({ who: "Ada", question: "why" });
    expect(messages.map((message) => message.content)).toEqual(["You are Ada.", "why"]);
  });

  it("C-62 are constructed for an id of their own namespace only", async () => {
    const allowing = new HoldfastSerializer({ allow: [Money] });
    const elsewhere = JSON.stringify(record(["bank", "Money"], { amount_in_cents: 5 }));
    await expect(allowing.loadsTyped("json", elsewhere)).rejects.toThrow(DeserializationError);
  });

  it("C-61 are refused when they come back with other contents", () => {
    class Lossy extends Serializable {
      lc_namespace = ["shop"];
      override lc_serializable = true;
      value: string;
      constructor(value: string) {
        super({ value });
        this.value = value;
      }
    }
    const allowing = new HoldfastSerializer({ allow: [Lossy as never] });
    expect(() => allowing.dump({ it: new Lossy("x") }, "state")).toThrow(/state\.it.*other contents/);
  });

  it("C-61 a constructor that throws makes reading fail without its message", async () => {
    class Picky extends Serializable {
      lc_namespace = ["shop"];
      override lc_serializable = true;
      constructor(fields: object) {
        super(fields);
        throw new Error(JSON.stringify(fields));
      }
    }
    const allowing = new HoldfastSerializer({ allow: [Picky as never] });
    const text = JSON.stringify(record(["shop", "Picky"], { password: "hunter2" }));
    const error = await allowing.loadsTyped("json", text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeserializationError);
    expect(String(error)).not.toContain("hunter2");
  });

  it.each([
    ["no list", Money],
    ["a name", ["Money"]],
    ["a function", [() => new Money({ amountInCents: 1 })]],
    ["a class that is not LangChain's Serializable", [class Other {}]],
    [
      "two classes of one name",
      [
        Money,
        class Money extends Serializable {
          lc_namespace = ["other"];
        },
      ],
    ],
  ])("InvalidOptionsError for %s", (_name, allow) => {
    expect(() => new HoldfastSerializer({ allow: allow as never })).toThrow(InvalidOptionsError);
  });

  it("InvalidOptionsError for an unknown option", () => {
    expect(() => new HoldfastSerializer({ allowed: [] } as never)).toThrow(InvalidOptionsError);
  });
});

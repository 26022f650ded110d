import { runInNewContext } from "node:vm";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Command, Overwrite, Send } from "@langchain/langgraph";
import { describe, expect, it, test } from "vitest";
import { SerializationError } from "../errors.js";
import { HoldfastSerializer } from "./index.js";

const serializer = new HoldfastSerializer();

/** What comes back, or `"refused"`. Whatever is stored must be readable. */
async function outcome(value: unknown): Promise<unknown> {
  let stored: [string, Uint8Array];
  try {
    stored = await serializer.dumpsTyped(value);
  } catch (error) {
    expect(error).toBeInstanceOf(SerializationError);
    return "refused";
  }
  return serializer.loadsTyped(...stored);
}

describe("C-60 C-61 look-alikes are what they are, or refused", () => {
  it("C-60 a plain object of another realm that says it is a message stays one, and so do those after it", async () => {
    const foreign = runInNewContext(
      '({ lc_serializable: true, lc_id: ["langchain_core", "messages", "SystemMessage"], lc_kwargs: {}, content: "x" })',
    );
    expect(await outcome([foreign])).toStrictEqual([JSON.parse(JSON.stringify(foreign))]);
    const [innocent] = runInNewContext("[{ a: 1 }]");
    expect(await outcome({ innocent })).toStrictEqual({ innocent: { a: 1 } });
    const sibling = Object.assign(Object.create(Object.getPrototypeOf(foreign)), { b: 2 });
    expect(await outcome({ sibling })).toStrictEqual({ sibling: { b: 2 } });
  });

  it("C-61 an instance that carries a message's id itself is refused", async () => {
    class Ticket {
      lc_serializable = true;
      lc_id = ["langchain_core", "messages", "HumanMessage"];
      lc_kwargs = {};
      content = "x";
      toJSON(): object {
        return { lc: 1, type: "constructor", id: this.lc_id, kwargs: {} };
      }
    }
    expect(await outcome(new Ticket())).toBe("refused");
    // Nor does the class decide about what comes after it.
    class Named {
      lc_serializable?: boolean;
      lc_id?: string[];
      constructor(id?: string[]) {
        if (id === undefined) return;
        this.lc_serializable = true;
        this.lc_id = id;
      }
    }
    expect(await outcome(new Named(["langchain_core", "messages", "AIMessage"]))).toBe("refused");
    expect(await outcome(new Named())).toBe("refused");
  });

  it("C-61 an instance with a field that LangGraph's class does not have is refused", async () => {
    class Mine {
      lg_name = "Send";
      node = "a";
      args = 1;
      secret = 2;
    }
    class Order extends Command {
      total = 5;
    }
    class Snapshot {
      lg_name = "DeltaSnapshot";
      value = 1;
      other = 2;
    }
    for (const value of [new Mine(), new Order({ update: {} }), new Snapshot()]) expect(await outcome({ value })).toBe("refused");
  });

  it("C-60 LangGraph's own are read as the objects that it takes in their stead", async () => {
    expect(await outcome(new Send("a", 1))).toStrictEqual({ node: "a", args: 1 });
    expect(await outcome(new Overwrite([1]))).toStrictEqual({ __overwrite__: [1] });
    expect(await outcome(new Command({ update: { a: 1 }, graph: Command.PARENT }))).toMatchObject({
      lg_name: "Command",
      update: { a: 1 },
    });
  });

  it("C-61 a URL that is none is refused, not stored as what cannot be read", async () => {
    const forged = runInNewContext(
      'class URL { get [Symbol.toStringTag]() { return "URL"; } }; Object.assign(new URL(), { href: "no url" })',
    );
    expect(await outcome(forged)).toBe("refused");
  });

  it("C-61 a user's class Document with a behaviour or without metadata is refused", async () => {
    class Document {
      pageContent = "x";
      metadata = {};
      words(): string[] {
        return this.pageContent.split(" ");
      }
    }
    expect(await outcome(new Document())).toBe("refused");
    const bare = new (class Document {
      pageContent = "x";
    })();
    expect(await outcome(bare)).toBe("refused");
  });

  test.each([
    ["of a plain object", new Proxy({ a: 1 }, {}), { a: 1 }],
    ["of an array", new Proxy([1, 2], {}), [1, 2]],
    ["of a Map", new Proxy(new Map([[1, 2]]), {}), "refused"],
    ["of a Date", new Proxy(new Date(0), {}), "refused"],
    [
      "that throws",
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("no");
          },
        },
      ),
      "refused",
    ],
    [
      "that throws for its prototype",
      new Proxy(
        {},
        {
          getPrototypeOf: () => {
            throw new Error("no");
          },
        },
      ),
      "refused",
    ],
    ["that answers differently each time", new Proxy({ a: 0 }, { get: (target) => ++target.a }), { a: 1 }],
  ])("C-60 C-61 a proxy %s", async (_name, proxy, expected) => {
    expect(await outcome({ proxy })).toEqual(expected === "refused" ? "refused" : { proxy: expected });
  });

  it("C-60 a proxy of a message is read as the message", async () => {
    const read = await outcome(new Proxy(new HumanMessage({ content: "x", id: "1" }), {}));
    expect(read).toStrictEqual(new HumanMessage({ content: "x", id: "1" }));
  });

  test.each([
    ["a thenable", { ["then" as string]: () => 1 }, "refused"],
    ["data with the key then", JSON.parse('{"then":"x"}'), JSON.parse('{"then":"x"}')],
    [
      "a getter",
      {
        get a() {
          return 5;
        },
      },
      { a: 5 },
    ],
    [
      "odd keys",
      JSON.parse('{"__proto__":{"a":1},"constructor":1,"toString":2,"":3}'),
      JSON.parse('{"__proto__":{"a":1},"constructor":1,"toString":2,"":3}'),
    ],
  ])("C-60 C-61 %s", async (_name, value, expected) => {
    expect(await outcome({ value })).toStrictEqual(expected === "refused" ? "refused" : { value: expected });
  });

  it("C-61 a message whose class is another realm's plain object stays no message", async () => {
    const message = new AIMessage("x");
    Object.setPrototypeOf(message, runInNewContext("Object.prototype"));
    expect(await outcome({ message })).not.toBeInstanceOf(AIMessage);
  });
});

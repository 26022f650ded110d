import { inspect } from "node:util";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { describe, expect, it, test } from "vitest";
import { SerializationError } from "../errors.js";
import { MAX_DEPTH } from "./format.js";
import { HoldfastSerializer } from "./index.js";

const serializer = new HoldfastSerializer();

class Account {
  readonly owner = "Ada";
}
class Money extends Map {}
class Stack extends Array {}
class Moment extends Date {}
class Bytes extends Uint8Array {}

function refusal(value: unknown): SerializationError {
  try {
    serializer.dump(value, "messages");
  } catch (error) {
    if (error instanceof SerializationError) return error;
    throw error;
  }
  throw new Error("It was not refused");
}

const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ["a function", function named() {}, /function named is not data/],
  ["an arrow function", [() => 1][0], /a function is not data/],
  ["a class", Account, /function Account/],
  ["a symbol", Symbol("s"), /symbol/],
  ["a promise", Promise.resolve(), /instance of Promise/],
  ["a WeakMap", new WeakMap(), /WeakMap/],
  ["a WeakSet", new WeakSet(), /WeakSet/],
  ["a WeakRef", new WeakRef({}), /WeakRef/],
  ["a boxed number", Object(1), /instance of Number/],
  ["a boxed string", Object("s"), /instance of String/],
  ["a boxed bigint", Object(1n), /instance of BigInt/],
  ["an instance of a class", new Account(), /instance of Account/],
  [
    "a class with toJSON",
    new (class Order {
      toJSON() {
        return {};
      }
    })(),
    /instance of Order/,
  ],
  ["a subclass of Map", new Money(), /instance of Money/],
  ["a subclass of Array", new Stack(), /subclass of Array/],
  ["a subclass of Date", new Moment(), /instance of Moment/],
  ["a subclass of Uint8Array", new Bytes(2), /instance of Bytes/],
  ["an object with a prototype", Object.create({ inherited: 1 }), /prototype of its own/],
  ["an iterator", new Map().keys(), /Map Iterator/],
  ["a generator", (function* () {})(), /Generator/],
  ["a SharedArrayBuffer", new SharedArrayBuffer(1), /SharedArrayBuffer/],
  ["an AbortSignal", new AbortController().signal, /AbortSignal/],
  ["URLSearchParams", new URLSearchParams("a=1"), /URLSearchParams/],
  ["what only claims to be a Map", Object.create(Map.prototype), /instance of Map/],
  ["what only claims to be a Date", Object.create(Date.prototype), /instance of Date/],
];

describe("C-61 what cannot be read again is refused", () => {
  test.each(REFUSED)("C-61 %s", (_name, value, reason) => {
    const error = refusal({ list: [0, { value }] });
    expect(error.path).toBe("messages.list[1].value");
    expect(error.message).toMatch(/^Cannot store messages\.list\[1\]\.value: /);
    expect(error.message).toMatch(reason);
    expect(refusal(value).path).toBe("messages");
  });

  it("C-61 names the place in every container", () => {
    const bad = Symbol("bad");
    const places: [unknown, string][] = [
      [[[bad]], "messages[0][0]"],
      [{ "a b": { $x: { "": bad } } }, 'messages["a b"].$x[""]'],
      [{ "0": bad }, 'messages["0"]'],
      [
        new Map([
          ["k", 1],
          ["l", bad as unknown],
        ]),
        "messages.entries[1].value",
      ],
      [new Map([[bad, 1]]), "messages.entries[0].key"],
      [new Set([1, bad]), "messages.values[1]"],
      [Object.assign([], { 5: bad }), "messages[5]"],
      [new Error("e", { cause: { bad } }), "messages.cause.bad"],
      [Object.assign(new Error("e"), { code: bad }), "messages.code"],
      [new AggregateError([1, bad]), "messages.errors[1]"],
      [[new ToolMessage({ content: "", tool_call_id: "1", artifact: { f: bad } })], "messages[0].artifact.f"],
      [
        [new AIMessage({ content: "", tool_calls: [{ name: "f", args: { bad }, id: "1" }] })],
        "messages[0].tool_calls[0].args.bad",
      ],
      [new DeltaSnapshot([bad]), "messages.value[0]"],
      [Object.assign(Object.create(null), { bad }), "messages.bad"],
    ];
    for (const [value, path] of places) expect(refusal(value).path).toBe(path);
  });

  it("C-61 begins the path with `value` when there is no name", async () => {
    await expect(serializer.dumpsTyped({ a: Symbol("s") })).rejects.toMatchObject({
      path: "value.a",
      code: "HOLDFAST_SERIALIZATION",
    });
  });

  it("C-61 says where a cycle closes", () => {
    const root: Record<string, unknown> = { a: { list: [] } };
    (root.a as { list: unknown[] }).list.push({ back: root.a });
    expect(refusal(root)).toMatchObject({
      path: "messages.a.list[0].back",
      message: expect.stringContaining("the same object as messages.a,"),
    });
    const map = new Map<string, unknown>();
    map.set("self", map);
    expect(refusal(map).path).toBe("messages.entries[0].value");
    const error = new Error("e");
    error.cause = error;
    expect(refusal(error).path).toBe("messages.cause");
    const message = new AIMessage("x");
    message.additional_kwargs.me = message;
    expect(refusal(message).path).toBe("messages.additional_kwargs.me");
    const list: unknown[] = [];
    list.push(list);
    expect(refusal(list).path).toBe("messages[0]");
  });

  it("C-60 stores an object that is there twice, but not in itself, twice", async () => {
    const shared = { a: 1 };
    const [type, bytes] = serializer.dump([shared, shared, { shared }], "x");
    expect(await serializer.loadsTyped(type, bytes)).toStrictEqual([shared, shared, { shared }]);
  });

  it("C-61 says where a getter threw, and an error of which class", () => {
    const value = {
      a: [
        {
          get broken() {
            throw new TypeError("not today");
          },
        },
      ],
    };
    const error = refusal(value);
    expect(error.path).toBe("messages.a[0].broken");
    expect(error.message).toContain("reading it threw TypeError");
    // What user code throws may hold values.
    expect(inspect(error)).not.toContain("not today");
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(refusal([proxy]).path).toBe("messages[0]");
    const throwsNothing = {
      get x(): never {
        throw Object.create(null);
      },
    };
    expect(refusal(throwsNothing).path).toBe("messages.x");
  });
});

describe("C-61 depth", () => {
  function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  }
  const wraps: Record<string, (inner: unknown) => unknown> = {
    arrays: (inner) => [inner],
    objects: (inner) => ({ inner }),
    maps: (inner) => new Map([[inner, inner === 1 ? 1 : 2]]),
    errors: (cause) => Object.assign(new Error("e", { cause }), { stack: "" }),
    messages: (artifact) => new ToolMessage({ content: "", tool_call_id: "1", artifact }),
    snapshots: (inner) => new DeltaSnapshot(inner),
  };

  test.each(Object.entries(wraps))("C-61 keeps %s almost to the limit, and refuses what is beyond", async (_name, wrap) => {
    // A message's own `additional_kwargs` is one level more.
    const [type, bytes] = serializer.dump(nested(MAX_DEPTH - 1, wrap), "deep");
    const read = await serializer.loadsTyped(type, bytes);
    expect(serializer.dump(read, "deep")).toEqual([type, bytes]);
    expect(refusal(nested(MAX_DEPTH + 1, wrap)).message).toMatch(
      /… \(9\d\d levels more\): it is nested more than 1000 levels deep/,
    );
    expect(refusal(nested(50_000, wrap)).message).toMatch(/more than 1000 levels deep/);
  });

  it("C-61 refuses, and does not crash, where the caller has left little of the stack", () => {
    const value = nested(900, (inner) => [inner]);
    const results: unknown[] = [];
    let returned = 0;
    const descend = (): void => {
      try {
        descend();
      } finally {
        // From the end of the stack upwards: too little of it, then more.
        if (returned++ < 4000 && returned % 50 === 0) {
          try {
            serializer.dump(value, "deep");
          } catch (error) {
            results.push(error);
          }
        }
      }
    };
    expect(descend).toThrow(RangeError);
    expect(results.filter((it) => !(it instanceof SerializationError) && !(it instanceof RangeError))).toEqual([]);
    expect(results.some((it) => it instanceof SerializationError)).toBe(true);
  });
});

import { Document } from "@langchain/core/documents";
import { AIMessage, type AIMessageFields, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";

/** Makes a value afresh, so that what was put and what is expected share nothing. */
export type MakeValue = () => unknown;

const withName = <E extends Error>(error: E, properties: object): E => Object.assign(error, properties);

const sparse = (): unknown[] => {
  const list: unknown[] = [];
  list[2] = "two";
  list.length = 5;
  return list;
};

const withoutPrototype = (): object => Object.assign(Object.create(null) as object, { a: 1, b: { c: 2 } });

const withOwnProto = (): object => {
  const value = {};
  Object.defineProperty(value, "__proto__", { value: { a: 1 }, enumerable: true, configurable: true, writable: true });
  return value;
};

const searching = (): RegExp => {
  const pattern = /a(b)?\/\n/giu;
  pattern.lastIndex = 3;
  return pattern;
};

/** Values that every serializer keeps. */
export const jsonValues: Readonly<Record<string, MakeValue>> = {
  null: () => null,
  booleans: () => [true, false],
  numbers: () => [0, 1, -1, 0.1, 1e21, 2 ** 53, 5e-324, Number.MAX_VALUE],
  "the empty string": () => "",
  "a string of every kind": () => "a\n\t\"\\' é e\u0301 😀 \u2028 <>&\u007f",
  "empty containers": () => [{}, [], [[]], { a: {} }],
  "deep nesting": () => Array.from({ length: 200 }).reduce<unknown>((inner) => ({ inner: [inner] }), "core"),
  "odd keys": () => ({
    "": 1,
    " ": 2,
    "a.b": 3,
    "0": 4,
    "a b": 5,
    '"': 6,
    "\\x41": 7,
    é: 8,
    length: 9,
    constructor: 10,
    toString: 11,
  }),
  "text that looks like JSON": () => ["null", '{"a":1}', "undefined", "[1]"],
};

/** Values of C-60 that JSON cannot hold. */
export const richValues: Readonly<Record<string, MakeValue>> = {
  undefined: () => undefined,
  "undefined inside": () => [{ a: undefined, b: [undefined, null] }],
  bigint: () => [0n, -1n, 2n ** 64n, -(2n ** 200n)],
  NaN: () => [Number.NaN],
  Infinity: () => [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  "-0": () => [-0, 0],
  "-0 alone": () => -0,
  Date: () => [new Date(0), new Date("2026-11-20T12:34:56.789Z"), new Date(-1), new Date(8.64e15)],
  "an invalid Date": () => new Date(Number.NaN),
  Map: () =>
    new Map<unknown, unknown>([
      ["a", 1],
      [{ k: 1 }, new Map([[1, new Date(1)]])],
      [null, undefined],
      [Number.NaN, -0],
    ]),
  Set: () => new Set<unknown>(["a", 1, { a: 1 }, new Set([1n]), undefined]),
  ArrayBuffer: () => new Uint8Array([0, 1, 255]).buffer,
  Uint8Array: () => new Uint8Array([0, 1, 254, 255]),
  "Uint8Array inside": () => ({ a: [new Uint8Array([1, 2, 3]), new Uint8Array()] }),
  "a view of a part of a buffer": () => new Uint8Array(new Uint8Array([1, 2, 3, 4, 5]).buffer, 1, 3),
  Buffer: () => ({ a: Buffer.from([0, 128, 255]), b: [Buffer.alloc(0)] }),
  "Buffer alone": () => Buffer.from("bytes"),
  "typed arrays": () => [
    new Int8Array([-1]),
    new Uint8ClampedArray([300]),
    new Int16Array([-300]),
    new Uint16Array([60_000]),
    new Int32Array([-70_000]),
    new Uint32Array([4_000_000_000]),
    new Float32Array([0.5, Number.NaN, -0]),
    new Float64Array([0.1, Number.POSITIVE_INFINITY]),
    new BigInt64Array([-(2n ** 60n)]),
    new BigUint64Array([2n ** 63n]),
  ],
  DataView: () => new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
  URL: () => new URL("https://user:pw@example.com:8080/a%20b?q=é&r=1#top"),
  RegExp: () => [searching(), /[/\\]/, /(?:)/],
  Error: () => [new Error("plain"), new Error(""), new Error("with cause", { cause: { why: new Error("inner") } })],
  "kinds of Error": () => [
    new TypeError("t"),
    new RangeError("r"),
    new SyntaxError("s"),
    new ReferenceError("f"),
    new URIError("u"),
    new EvalError("e"),
  ],
  "an Error with properties": () =>
    withName(new Error("lost"), { name: "FetchError", code: "ECONNRESET", status: 503, at: new Date(5) }),
  AggregateError: () => new AggregateError([new TypeError("one"), "two"], "several"),
  "sparse arrays": () => [sparse(), Array.from({ length: 0 })],
  "an object without prototype": withoutPrototype,
  "the key __proto__": () => [withOwnProto(), JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":1}}')],
  "strings with NUL": () => ["\0", "a\0b", { "k\0": "v\0" }],
  "lone surrogates": () => ["\ud800", "a\udc00b", { "\ud800": "\udfff" }],
  "human and system messages": () => [
    new HumanMessage({ id: "h", content: [{ type: "text", text: "hello" }] }),
    new SystemMessage("be kind"),
  ],
  "an AI message with tool calls": () =>
    new AIMessage({
      id: "ai",
      content: "",
      tool_calls: [{ id: "call", name: "search", args: { q: "é", n: 0 }, type: "tool_call" }],
      usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
      response_metadata: { model: "m" },
    } as unknown as AIMessageFields),
  "a tool message": () =>
    new ToolMessage({ id: "t", content: "found", tool_call_id: "call", artifact: { rows: [1, 2] }, status: "success" }),
  "messages in containers": () => new Map([["history", [new HumanMessage("a"), { inner: new AIMessage("b") }]]]),
  "a document": () => new Document({ pageContent: "text", metadata: { page: 3 }, id: "doc" }),
};

/** Data that looks like what serializers write for other types. It is data, and stays data. */
export const imitations: Readonly<Record<string, MakeValue>> = {
  "an lc 1 constructor": () => ({
    lc: 1,
    type: "constructor",
    id: ["langchain_core", "messages", "HumanMessage"],
    kwargs: { content: "x" },
  }),
  "an lc 1 constructor of another class": () => ({ lc: 1, type: "constructor", id: ["os", "system"], kwargs: { command: "rm" } }),
  "an lc 1 secret": () => ({ lc: 1, type: "secret", id: ["PATH"] }),
  "an lc 2 undefined": () => ({ lc: 2, type: "undefined" }),
  "an lc 2 Set": () => ({ lc: 2, type: "constructor", id: ["Set"], method: null, args: [[1]], kwargs: {} }),
  "an lc 2 Error": () => ({ lc: 2, type: "constructor", id: ["Error"], method: null, args: ["m"], kwargs: {} }),
  "an lc 2 snapshot": () => ({ lc: 2, type: "delta_snapshot", value: [1] }),
  "a Buffer's JSON": () => ({ type: "Buffer", data: [1, 2, 3] }),
  "an extended JSON": () => ({ $date: "2026-01-01", $bigint: "1", $type: "Map", __type: "Date", "@type": "x", value: [] }),
  "fields named like methods": () => JSON.parse('{"toJSON":"text","valueOf":1,"then":"no promise"}'),
};

class Account {
  constructor(readonly owner: string) {}
}

const cyclic = (): object => {
  const value: Record<string, unknown> = { a: 1 };
  value.self = { back: value };
  return value;
};

/** Values that cannot be read again as they were: a saver refuses them (C-61). */
export const refusedValues: Readonly<Record<string, MakeValue>> = {
  "a function": () => () => 1,
  "a method": () => ({ run() {} }),
  "a symbol": () => Symbol("s"),
  "a promise": () => Promise.resolve(1),
  "a WeakMap": () => new WeakMap(),
  "a WeakSet": () => new WeakSet(),
  "a WeakRef": () => new WeakRef({}),
  "a cycle": cyclic,
  "an instance of a class of the program": () => new Account("a"),
};

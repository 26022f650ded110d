import { runInNewContext } from "node:vm";
import { Document } from "@langchain/core/documents";
import { HumanMessage } from "@langchain/core/messages";
import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { anyText, anyValue } from "./arbitraries.testing.js";
import { HoldfastSerializer } from "./index.js";
import { difference } from "../strict-equality.testing.js";

const serializer = new HoldfastSerializer();

async function roundTrip(value: unknown): Promise<unknown> {
  const [type, bytes] = await serializer.dumpsTyped(value);
  return serializer.loadsTyped(type, bytes);
}

function withKeys(keys: readonly string[], prototype: object | null = Object.prototype): object {
  const object: object = Object.create(prototype);
  for (const [i, key] of keys.entries())
    Object.defineProperty(object, key, { value: i, writable: true, enumerable: true, configurable: true });
  return object;
}

function sparse(length: number, items: object): unknown[] {
  return Object.assign(new Array(length), items);
}

function stickyAt(lastIndex: number): RegExp {
  const expression = /a\/[/]"\u2028/gimsuy;
  expression.lastIndex = lastIndex;
  return expression;
}

class TeapotError extends RangeError {
  override name = "TeapotError";
  code = 418;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

const bytes = Uint8Array.of(0, 1, 2, 3, 254, 255, 0, 128);

/** Kinds that come back as they went, class and all. */
const KINDS: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["booleans", [true, false]],
  ["numbers", [0, 1, -1.5, 1e21, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER]],
  ["a string with escapes", '"\\\n\u2028\u0000 é 😀'],
  ["lone surrogates", ["\ud800", "\udc00", "a\udfffb", "\ud83d"]],
  ["undefined", undefined],
  ["undefined as a property", { a: undefined, b: 1 }],
  ["bigint", 2n ** 200n],
  ["negative bigint", -7n],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
  ["Date", new Date("2026-02-03T04:05:06.789Z")],
  ["a date far away", new Date(-8.64e15)],
  ["invalid Date", new Date(Number.NaN)],
  [
    "Map",
    new Map<unknown, unknown>([
      ["a", 1],
      [{ k: 1 }, new Map([[Number.NaN, -0]])],
      [undefined, null],
    ]),
  ],
  ["Set", new Set<unknown>([1, "1", [1], new Set([undefined])])],
  ["ArrayBuffer", bytes.slice().buffer],
  ["Uint8Array", bytes.slice()],
  ["part of a larger buffer", bytes.subarray(2, 5)],
  ["Buffer", Buffer.from("hallo")],
  ["Uint8ClampedArray", new Uint8ClampedArray(bytes)],
  ["Int8Array", new Int8Array(bytes)],
  ["Uint16Array", Uint16Array.of(1, 65_535)],
  ["Int16Array", Int16Array.of(-1, 32_767)],
  ["Uint32Array", Uint32Array.of(1, 2 ** 32 - 1)],
  ["Int32Array", Int32Array.of(-1, 2 ** 31 - 1)],
  ["Float32Array", Float32Array.of(0.1, Number.NaN, -0)],
  ["Float64Array", Float64Array.of(0.1, Number.NEGATIVE_INFINITY)],
  ["BigInt64Array", BigInt64Array.of(-1n, 2n ** 62n)],
  ["BigUint64Array", BigUint64Array.of(1n, 2n ** 64n - 1n)],
  ["DataView", new DataView(bytes.slice().buffer, 1, 3)],
  ["URL", new URL("https://user@example.org:8080/a%20b?q=1#x")],
  ["RegExp", /a(?<b>.)/giu],
  ["RegExp with lastIndex", stickyAt(3)],
  ["Error with cause", new Error("outer", { cause: new Date(0) })],
  ["EvalError", new EvalError("m")],
  ["RangeError", new RangeError("m")],
  ["ReferenceError", new ReferenceError("m")],
  ["SyntaxError", new SyntaxError("m")],
  ["TypeError with code", Object.assign(new TypeError("m"), { code: "E_X", at: new Date(1) })],
  ["URIError", new URIError("m")],
  ["AggregateError", new AggregateError([new TypeError("one"), "two"], "m", { cause: undefined })],
  ["Error with an enumerable message", Object.defineProperty(new Error("a"), "message", { value: "b", enumerable: true })],
  ["Error without message", new Error()],
  ["sparse array", sparse(6, { 1: 1, 4: undefined })],
  ["only holes", sparse(3, {})],
  ["huge sparse array", sparse(4_294_967_295, { 4000000000: "x" })],
  ["object without prototype", withKeys(["a", "~", "__proto__"], null)],
  ["any key", withKeys(["__proto__", "constructor", "toJSON", "", "a b", "~", "\u0000", "\ud800", "10", "9"])],
  ["DeltaSnapshot", new DeltaSnapshot([new Date(0), undefined])],
  ["Document", new Document({ pageContent: "text", metadata: { at: new Date(5) }, id: "7" })],
  ["Document without id", new Document({ pageContent: "text" })],
  ["message", new HumanMessage({ content: "hi", id: "1", additional_kwargs: { at: new Date(9), big: 1n } })],
];

describe("C-60 a value is read as it was put", () => {
  for (const [name, value] of KINDS) {
    test.each<[string, unknown]>([
      ["alone", value],
      ["in an array", [0, value, value]],
      ["in an object", { before: 1, value, after: 2 }],
      ["in an object without prototype", Object.assign(Object.create(null), { value })],
      ["as a Map value", new Map([["k", value]])],
      ["as a Map key", new Map([[value, "v"]])],
      ["in a Set", new Set([value])],
      ["as an error's cause", new Error("e", { cause: value })],
      ["in a DeltaSnapshot", new DeltaSnapshot(value)],
      ["in a message", new HumanMessage({ content: "x", additional_kwargs: { value } })],
      ["in a Document", new Document({ pageContent: "x", metadata: { value } })],
    ])(`C-60 ${name} %s`, async (_where, whole) => {
      expect(difference(whole, await roundTrip(whole))).toBeUndefined();
    });
  }

  it("C-60 keeps any value of any kinds in each other", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        expect(difference(value, await roundTrip(value))).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it("C-60 keeps any text, also as a key", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const value = [text, withKeys([text]), new Map([[text, text]])];
        expect(difference(value, await roundTrip(value))).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it("C-60 keeps the name and the properties of an error whose class it does not know", async () => {
    const error = new TeapotError("short and stout", { cause: 1 });
    const read = (await roundTrip(error)) as TeapotError;
    expect(Object.getPrototypeOf(read)).toBe(RangeError.prototype);
    expect([read.name, read.message, read.stack, read.cause, read.code]).toEqual([
      "TeapotError",
      "short and stout",
      error.stack,
      1,
      418,
    ]);
    expect(`${read}`).toBe("TeapotError: short and stout");
  });

  it("C-60 keeps name and message that an error inherits", async () => {
    const abort = new DOMException("stopped", "AbortError");
    const read = (await roundTrip(abort)) as Error;
    expect([Object.getPrototypeOf(read), read.name, read.message]).toEqual([Error.prototype, "AbortError", "stopped"]);
    const stackless = new Error("m");
    delete stackless.stack;
    expect(difference(stackless, await roundTrip(stackless))).toBeUndefined();
  });

  it("C-60 takes values of another realm for what they are", async () => {
    const foreign: unknown = runInNewContext(
      `({ a: [1, , { d: new Date(5) }], m: new Map([[1, new Set([2n])]]), b: Uint8Array.of(1, 2), r: /x/g, e: new TypeError("t"), n: Object.create(null) })`,
    );
    const read = (await roundTrip(foreign)) as Record<string, unknown>;
    const own = {
      a: sparse(3, { 0: 1, 2: { d: new Date(5) } }),
      m: new Map([[1, new Set([2n])]]),
      b: Uint8Array.of(1, 2),
      r: /x/g,
    };
    expect(difference(own, { a: read.a, m: read.m, b: read.b, r: read.r })).toBeUndefined();
    expect(Object.getPrototypeOf(read.e)).toBe(TypeError.prototype);
    expect(Object.getPrototypeOf(read.n)).toBeNull();
    const [type, data] = await serializer.dumpsTyped(runInNewContext("Uint8Array.of(7)"));
    expect([type, difference(Uint8Array.of(7), await serializer.loadsTyped(type, data))]).toEqual(["bytes", undefined]);
  });

  it("C-60 reads a proxy as its target and a getter as its value, each property once", async () => {
    let reads = 0;
    const value = {
      proxy: new Proxy({ a: [1] }, {}),
      list: new Proxy([1, 2], {}),
      get fresh() {
        reads++;
        return reads === 1 ? "first" : new Date();
      },
    };
    expect(await roundTrip(value)).toStrictEqual({ proxy: { a: [1] }, list: [1, 2], fresh: "first" });
  });

  it("C-60 calls no toJSON, not even a hidden one", async () => {
    const value = Object.defineProperty({ a: 1 }, "toJSON", { value: () => "gone", enumerable: false });
    expect(await roundTrip({ value })).toStrictEqual({ value: { a: 1 } });
  });

  it("C-60 ignores symbol keys and extra properties of arrays", async () => {
    expect(await roundTrip({ [Symbol("s")]: 1, list: sparse(3, { 0: 1, 2: 2, extra: 3 }) })).toStrictEqual({
      list: sparse(3, { 0: 1, 2: 2 }),
    });
  });

  it("C-60 sets no prototype and no property of Object.prototype", async () => {
    const read = (await roundTrip(
      JSON.parse('{"__proto__": {"polluted": true, "d": 1}, "constructor": {"prototype": {"polluted": 1}}}'),
    )) as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read)).toEqual(["__proto__", "constructor"]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("C-36 takes the value at the call", async () => {
    const list = [new Date(0)];
    const data = Uint8Array.of(1, 2, 3);
    const buffer = Buffer.from([4, 5]);
    const dumping = [serializer.dumpsTyped({ list }), serializer.dumpsTyped(data), serializer.dumpsTyped(buffer)];
    list[0]?.setTime(99);
    list.push(new Date(1));
    data.fill(0);
    buffer.fill(0);
    const read = await Promise.all(dumping.map(async (it) => serializer.loadsTyped(...(await it))));
    expect(read).toStrictEqual([{ list: [new Date(0)] }, Uint8Array.of(1, 2, 3), Buffer.from([4, 5])]);
  });

  it("C-35 gives bytes of their own, not a view of what was stored", async () => {
    const stored = Buffer.from([1, 2, 3]);
    for (const type of ["bytes", "buffer"]) {
      const read = (await serializer.loadsTyped(type, stored)) as Uint8Array;
      read.fill(0);
      expect([...stored]).toEqual([1, 2, 3]);
    }
  });
});

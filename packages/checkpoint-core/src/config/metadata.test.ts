import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeserializationError, InvalidMetadataError } from "../errors.js";
import { difference } from "../serializer/strict-equality.testing.js";
import { decodeMetadata, encodeMetadata } from "./metadata.js";

const marks = fc.constantFrom(
  "\0",
  "\u001a",
  "\u001a-0",
  "\u001a0000",
  "\u001ad800",
  "\ud800",
  "\udc00",
  "\ud83d\ude00",
  "\udc00\ud800",
  "__proto__",
  "a",
  "",
);
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.array(marks, { maxLength: 4 }).map((parts) => parts.join("")),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    anyText,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom<unknown>(null, true, false, -0, 0, 5e-324, Number.MAX_VALUE),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.array(fc.tuple(anyText, tie("json")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));
const anyMetadata = fc
  .array(fc.tuple(anyText, json), { maxLength: 5 })
  .map((entries): Record<string, unknown> => Object.fromEntries(entries));

it("C-64 comes back exactly", () => {
  fc.assert(
    fc.property(anyMetadata, (metadata) => {
      expect(difference(metadata, decodeMetadata(encodeMetadata(metadata)))).toBeUndefined();
    }),
    { seed: 64, numRuns: 1000 },
  );
});

it("C-64 is text that jsonb holds: no NUL, no lone surrogate, no -0", () => {
  fc.assert(
    fc.property(anyMetadata, (metadata) => {
      const check = (value: unknown): void => {
        if (typeof value === "string") expect(value.isWellFormed() && !value.includes("\0")).toBe(true);
        else if (typeof value === "number") expect(Object.is(value, -0)).toBe(false);
        else if (value !== null && typeof value === "object") for (const entry of Object.entries(value)) entry.forEach(check);
      };
      check(JSON.parse(encodeMetadata(metadata)));
    }),
    { seed: 65, numRuns: 500 },
  );
});

it("C-23 text without special characters is stored as it is, so that a filter can be read", () => {
  expect(JSON.parse(encodeMetadata({ source: "loop", step: 3, user: "Zoë 😀" }))).toEqual({
    source: "loop",
    step: 3,
    user: "Zoë 😀",
  });
});

it("C-23 different text is stored differently", () => {
  const texts = ["\0", "\u001a0000", "\u001a", "\u001a001a", "\u001a-0", "\ud800", "\u001ad800", "\\u0000", "0000"];
  expect(new Set(texts.map((text) => encodeMetadata({ text }))).size).toBe(texts.length);
  expect(new Set(texts.map((text) => encodeMetadata({ [text]: 1 }))).size).toBe(texts.length);
});

it("C-64 reads text that the store has written in another way", () => {
  // jsonb prints U+001A as an escape, and spaces behind colons.
  const text = JSON.stringify(JSON.parse(encodeMetadata({ a: "x\0\ud800", b: -0 })), undefined, 1);
  expect(text).toContain("\\u001a");
  expect(difference({ a: "x\0\ud800", b: -0 }, decodeMetadata(text))).toBeUndefined();
});

it("C-64 leaves out properties that are undefined, as JSON", () => {
  expect(Object.keys(decodeMetadata(encodeMetadata({ a: undefined, b: { c: undefined, d: 1 } })))).toEqual(["b"]);
  expect(decodeMetadata(encodeMetadata({ b: { c: undefined, d: 1 } }))).toStrictEqual({ b: { d: 1 } });
});

it("C-64 keeps __proto__ as a key", () => {
  const metadata = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1}}') as Record<string, unknown>;
  const read = decodeMetadata(encodeMetadata(metadata));
  expect(Object.keys(read)).toEqual(["__proto__", "a"]);
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  expect((read as { admin?: unknown }).admin).toBeUndefined();
});

it("C-64 may hold one object twice", () => {
  const shared = { x: 1 };
  expect(decodeMetadata(encodeMetadata({ a: shared, b: [shared, shared] }))).toEqual({ a: shared, b: [shared, shared] });
});

describe("C-64 refuses what is not JSON, and says where:", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.a = [cyclic];
  it.for<[string, unknown, string]>([
    ["NaN", { a: [Number.NaN] }, "metadata.a[0]"],
    ["Infinity", { a: Number.POSITIVE_INFINITY }, "metadata.a"],
    ["a bigint", { a: { b: 1n } }, "metadata.a.b"],
    ["a function", { a: () => 1 }, "metadata.a"],
    ["a symbol", { a: Symbol("s") }, "metadata.a"],
    ["a Date", { a: [0, new Date(0)] }, "metadata.a[1]"],
    ["a Map", { a: new Map() }, "metadata.a"],
    ["bytes", { a: new Uint8Array(1) }, "metadata.a"],
    ["undefined in an array", { a: [undefined] }, "metadata.a[0]"],
    ["a hole", { a: new Array(2) }, "metadata.a[0]"],
    ["a cycle", cyclic, "metadata.a[0]"],
    ["an array as a whole", [], "metadata"],
    ["null as a whole", null, "metadata"],
    ["undefined as a whole", undefined, "metadata"],
    ["a string as a whole", "loop", "metadata"],
  ])("%s", ([, metadata, path]) => {
    const encode = (): string => encodeMetadata(metadata as Record<string, unknown>);
    expect(encode).toThrow(InvalidMetadataError);
    expect(encode).toThrow(`${path} `);
  });
});

it("what the store returns and is not JSON is a DeserializationError", () => {
  expect(() => decodeMetadata("{")).toThrow(DeserializationError);
});

it("C-64 may be deep and long, within bounds", () => {
  const nested = (levels: number): Record<string, unknown> => {
    let value: Record<string, unknown> = {};
    for (let level = 1; level < levels; level += 1) value = level % 2 === 0 ? { value } : { value: [value] };
    return value;
  };
  const deepest = nested(333);
  expect(decodeMetadata(encodeMetadata(deepest))).toEqual(deepest);
  for (const levels of [400, 3000, 100_000])
    expect(() => encodeMetadata(nested(levels))).toThrow(
      new InvalidMetadataError("Metadata is nested more than 500 levels deep."),
    );
  const long = { note: "x".repeat(16_000_000) };
  expect(decodeMetadata(encodeMetadata(long))).toEqual(long);
  const parts = Array.from({ length: 60 }, () => "x".repeat(1024 * 1024));
  for (const tooLong of [{ parts }, { [parts.slice(0, 17).join("")]: 1 }, { many: new Array(9_000_000).fill(0) }])
    expect(() => encodeMetadata(tooLong)).toThrow(/^Metadata comes to more than 16777216 bytes/);
});

it("C-64 metadata that cannot be read is an InvalidMetadataError", () => {
  const broken = Object.defineProperty({}, "user", { enumerable: true, get: () => expect.fail("secret") });
  expect(() => encodeMetadata(broken)).toThrow(new InvalidMetadataError("Reading metadata threw AssertionError."));
  expect(() => encodeMetadata({ list: new Array(2 ** 32 - 1) })).toThrow(/^metadata.list\[0\] is undefined/);
});

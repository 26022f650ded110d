import { HumanMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMessage, anyValue } from "./arbitraries.testing.js";
import { HoldfastSerializer } from "./index.js";

const serializer = new HoldfastSerializer();

describe("the text", () => {
  const text = (value: unknown): string => Buffer.from(serializer.dump(value, "value")[1]).toString("utf8");

  it("is plain JSON for plain JSON", () => {
    const value = { b: [1, "x", null, true], a: { "": {} } };
    expect(text(value)).toBe(JSON.stringify(value));
  });

  it("is the same for the same value, whatever was written before", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        const first = serializer.dump(value, "value");
        expect(serializer.dump(await serializer.loadsTyped(first[0], first[1]), "other")).toEqual(first);
      }),
    );
  });

  it("of a longer list starts with that of the shorter one, but for the last byte", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyMessage, anyValue), { minLength: 1, maxLength: 6 }), anyMessage, (list, next) => {
        expect(text([...list, next]).startsWith(text(list).slice(0, -1))).toBe(true);
      }),
    );
  });

  it("has the documented form", () => {
    const value = [
      undefined,
      new Date(0),
      1n,
      { "~": "Date", v: null },
      new Map([[1, new Set([2])]]),
      Object.assign(new Array(2), { 1: 3 }),
      Buffer.from("x"),
    ];
    expect(JSON.parse(text(value))).toEqual([
      { "~": "undefined" },
      { "~": "Date", v: "1970-01-01T00:00:00.000Z" },
      { "~": "bigint", v: "1" },
      { "~": "object", v: { "~": "Date", v: null } },
      { "~": "Map", v: [1, { "~": "Set", v: [2] }] },
      [{ "~": "hole", n: 1 }, 3],
      { "~": "Buffer", v: "eA==" },
    ]);
    expect(JSON.parse(text(new HumanMessage({ content: "hi", id: "1" })))).toEqual({
      "~": "msg",
      c: "HumanMessage",
      k: { id: "1", content: "hi", additional_kwargs: {}, response_metadata: {} },
    });
  });

  it("keeps the official tag for bytes", async () => {
    expect(await serializer.dumpsTyped(Uint8Array.of(1))).toEqual(["bytes", Uint8Array.of(1)]);
    expect(await new MemorySaver().serde.dumpsTyped(Uint8Array.of(1))).toEqual(["bytes", Uint8Array.of(1)]);
  });
});

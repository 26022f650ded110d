import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { valueDifference } from "./value-difference.js";

const message = (content: string): AIMessage => new AIMessage({ content, id: "1" });

describe("valueDifference", () => {
  const different: readonly (readonly [a: unknown, b: unknown, path: string])[] = [
    [1, 2, "v"],
    [0, -0, "v"],
    [null, undefined, "v"],
    ["1", 1, "v"],
    [{ a: 1 }, { a: 2 }, "v.a"],
    [{ a: 1 }, {}, "v.a"],
    [{}, { a: undefined }, "v.a"],
    [[1, 2], [1], "v.length"],
    [[1, [2]], [1, [3]], "v[1][0]"],
    // biome-ignore lint/suspicious/noSparseArray: that is the point.
    [[,], [undefined], "v[0]"],
    [[], {}, "v"],
    [new Date(0), new Date(1), "v"],
    [new Date(0), "1970-01-01T00:00:00.000Z", "v"],
    [new Map([["a", 1]]), new Map([["a", 2]]), "v[0][1]"],
    [new Set([1]), new Set([2]), "v[0]"],
    [/a/g, /a/, "v"],
    [new URL("http://a/"), new URL("http://b/"), "v"],
    [new Uint8Array([1]), new Uint8Array([2]), "v"],
    [new Uint8Array([1]), new Int8Array([1]), "v"],
    [new Uint8Array([1]).buffer, new Uint8Array([2]).buffer, "v"],
    [new Error("a"), new Error("b"), "v[1]"],
    [new Error("a"), new TypeError("a"), "v"],
    [Object.assign(new Error("a"), { status: 1 }), Object.assign(new Error("a"), { status: 2 }), "v.status"],
    [Object.create(null), {}, "v"],
    [message("a"), message("b"), "v.content"],
    [message("a"), new HumanMessage({ content: "a", id: "1" }), "v"],
    [new DeltaSnapshot([1]), new DeltaSnapshot([2]), "v.value[0]"],
    [new DeltaSnapshot([1]), { lg_name: "DeltaSnapshot", value: [1] }, "v"],
  ];
  for (const [n, [a, b, path]] of different.entries()) {
    it(`C-111 finds where values part: ${n}`, () => {
      expect(valueDifference(a, b, "v")).toBe(path);
      expect(valueDifference(b, a, "v")).toBe(path);
    });
  }

  const equal: readonly (readonly [a: unknown, b: unknown])[] = [
    [Number.NaN, Number.NaN],
    [
      { a: 1, b: [new Map([[1, new Set([2])]])] },
      { b: [new Map([[1, new Set([2])]])], a: 1 },
    ],
    // What `pg` reads bytes as.
    [new Uint8Array([1, 2]), Buffer.from([1, 2])],
    [new Error("a", { cause: { b: 1 } }), new Error("a", { cause: { b: 1 } })],
    [message("a"), message("a")],
    [new DeltaSnapshot([1]), new DeltaSnapshot([1])],
  ];
  for (const [n, [a, b]] of equal.entries()) {
    it(`C-111 takes no difference for one that is none: ${n}`, () => {
      expect(valueDifference(a, b, "v")).toBeUndefined();
    });
  }
});

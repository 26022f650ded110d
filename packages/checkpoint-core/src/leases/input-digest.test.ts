import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Command, Send } from "@langchain/langgraph";
import { expect, it } from "vitest";
import { inputDigest } from "./input-digest.js";

function cycle(): unknown {
  const around: Record<string, unknown> = {};
  around.self = around;
  return around;
}

it.for<[string, unknown, unknown]>([
  ["the order of keys", { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
  ["a property without a value", { a: 1, b: undefined }, { a: 1 }],
  ["the id of a message", new HumanMessage({ id: "1", content: "x" }), new HumanMessage("x")],
  ["an answer made anew", new Command({ resume: { a: ["yes"] } }), new Command({ resume: { a: ["yes"] } })],
  ["an object that contains itself", { a: cycle() }, { a: cycle() }],
])("C-101 an input is the same whatever is %s", ([, one, other]) => {
  expect(inputDigest(one)).toBe(inputDigest(other));
});

it("C-101 inputs of other content are others", () => {
  const inputs: unknown[] = [
    ...[null, undefined, "", "null", 0, "0", 0n, false, [], {}, [[]], [[], []], ["a", "b"], ["a,b"], [undefined], { a: [] }],
    ...[
      { a: 1 },
      { a: "1" },
      { b: 1 },
      { id: 1 },
      { id: 2 },
      { "a:1": 1 },
      new Map([["a", 1]]),
      new Map([["a", 2]]),
      new Set(["a"]),
    ],
    ...[new Date(0), new Date(1), new Date(Number.NaN), /a/, /a/g, new URL("http://a/"), new Error("a"), new TypeError("a")],
    ...[new Uint8Array([1]), new Uint8Array([2])],
    ...[new HumanMessage("x"), new HumanMessage("y"), new AIMessage("x"), new HumanMessage({ content: "x", name: "n" })],
    ...[
      new Command({ resume: "x" }),
      new Command({ goto: "x" }),
      new Command({ update: { a: 1 } }),
      new Send("n", { a: 1 }),
      { resume: "x" },
    ],
  ];
  const digests = inputs.map(inputDigest);
  for (const [n, digest] of digests.entries()) expect(digests.indexOf(digest), String(inputs[n])).toBe(n);
});

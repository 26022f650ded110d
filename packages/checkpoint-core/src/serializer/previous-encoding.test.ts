import { AIMessage, HumanMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heldBytes } from "../held-bytes.testing.js";
import { anyValue } from "./arbitraries.testing.js";
import { HoldfastSerializer } from "./index.js";
import type { PreviousEncoding } from "./previous-encoding.js";
import { difference } from "./strict-equality.testing.js";

const serializer = new HoldfastSerializer();
const LONG = "a text of some length ".repeat(10);
/** Longer than what is joined with its neighbours. */
const LONGER = "another text of more length ".repeat(2000);

function text(value: unknown): string {
  return Buffer.from(serializer.dump(value, "value")[1]).toString();
}

function textAfter(
  before: PreviousEncoding | undefined,
  value: unknown,
): { text: string; previousEncoding: PreviousEncoding | undefined } {
  const { dumped, previousEncoding } = serializer.dumpAfter(before, value, "value");
  return { text: dumped[1].toBuffer().toString(), previousEncoding };
}

/** Dumps the values one after the other, each after the encoding of the one before. */
async function checkChain(values: readonly unknown[]): Promise<void> {
  let before: PreviousEncoding | undefined;
  for (const value of values) {
    const after = textAfter(before, value);
    expect(after.text).toBe(text(value));
    expect(after.previousEncoding?.memoryBytes).toBe(textAfter(undefined, value).previousEncoding?.memoryBytes);
    before = after.previousEncoding;
    if (before === undefined) continue;
    expect(before.text.toBuffer().toString()).toBe(after.text);
    expect(
      difference(await serializer.revive(before), await serializer.loadsTyped("hf1", before.text.toBuffer())),
    ).toBeUndefined();
  }
}

function encodingOf(value: unknown, before?: PreviousEncoding): PreviousEncoding {
  const { previousEncoding } = textAfter(before, value);
  if (previousEncoding === undefined) throw new Error("This value is too small for an previousEncoding.");
  return previousEncoding;
}

const member = fc
  .tuple(anyValue, fc.constantFrom(LONG, `${LONG}é`, `${LONG}\ud800`, LONGER))
  .map(([value, long]) => ({ value, long }));
const list = fc.array(member, { minLength: 4, maxLength: 8 });

/** Edits of a list, most of them small. */
const edited = fc
  .tuple(list, fc.array(fc.tuple(fc.constantFrom("append", "remove", "replace", "prepend"), fc.nat(7), member), { maxLength: 5 }))
  .map(([first, edits]) => {
    const lists: unknown[][] = [first];
    for (const [kind, at, item] of edits) {
      const last = [...(lists.at(-1) as unknown[])];
      if (kind === "append") last.push(item);
      else if (kind === "prepend") last.unshift(item);
      else last.splice(at, 1, ...(kind === "replace" ? [item] : []));
      lists.push(last);
    }
    return lists;
  });

describe("a value dumped after another one", { timeout: 60_000 }, () => {
  it("C-60 has the text that it has alone, whatever was edited in a list", async () => {
    await fc.assert(fc.asyncProperty(edited, checkChain), { numRuns: 50 });
  });

  it("C-60 has the text that it has alone, whatever was edited in an object", async () => {
    const asObjects = edited.map((lists) =>
      lists.map((items) => Object.fromEntries(items.map((item, i) => [i % 3 === 0 ? `__proto__${i}` : `${i}`, item]))),
    );
    await fc.assert(fc.asyncProperty(asObjects, checkChain), { numRuns: 50 });
  });

  it("C-60 has the text that it has alone, after any other value", async () => {
    const any = fc.oneof(anyValue, list, fc.dictionary(fc.string(), member, { minKeys: 4 }));
    await fc.assert(fc.asyncProperty(fc.array(any, { maxLength: 4 }), checkChain), { numRuns: 50 });
  });

  it("C-36 is what its objects are now, though they are the same objects", () => {
    const messages = Array.from(
      { length: 6 },
      (_, i) => new AIMessage({ id: `${i}`, content: LONG, response_metadata: { a: [1] } }),
    );
    const before = encodingOf(messages);
    ((messages[2] as AIMessage).response_metadata.a as number[]).push(2);
    const after = textAfter(before, messages);
    expect(after.text).toBe(text(messages));
    expect(after.text).not.toBe(before.text.toBuffer().toString());
  });

  it("C-60 tells apart what only its order, its kind or its length tells apart", async () => {
    const items = (value: unknown) => Array.from({ length: 4 }, () => ({ LONG, value }));
    await checkChain([
      items({ a: 1, b: 2 }),
      items({ b: 2, a: 1 }),
      items({ b: 2 }),
      items({ a: 1 }),
      items({ a: 1, b: undefined }),
      items([1, undefined]),
      items([1]),
      items(new Array(3)),
      items({ "~": "undefined" }),
      items(undefined),
      items(Object.create(null)),
      items({}),
      items({ __proto__x: 1 }),
      items(JSON.parse('{"__proto__":{}}')),
      items(0),
      items(-0),
      items(Object.assign(new HumanMessage("a"), { more: 1 })),
      items(new HumanMessage("a")),
      items(new AIMessage("a")),
      items(new AIMessage({ content: "a", name: "b" })),
    ]);
  });

  it("C-60 tells apart what differs at any depth, or is inherited", async () => {
    const deep = (levels: number, end: unknown): unknown => (levels === 0 ? end : { LONG, list: [deep(levels - 1, end), 1] });
    for (let levels = 0; levels < 5; levels += 1) {
      const items = (end: unknown) => Array.from({ length: 4 }, (_, i) => deep(levels, i === 2 ? end : "same"));
      await checkChain([
        items("a"),
        items("b"),
        items(0),
        items(-0),
        items(undefined),
        items([undefined]),
        items(["a"]),
        items({}),
      ]);
    }
    const messages = Array.from({ length: 4 }, (_, i) => new AIMessage({ id: `${i}`, content: LONG, name: "own" }));
    const before = encodingOf(messages);
    const [first] = messages as [AIMessage];
    // It shows in a loop over the object's properties, and no longer is one.
    Object.setPrototypeOf(first, Object.create(AIMessage.prototype, { name: { value: "own", enumerable: true } }));
    delete first.name;
    expect(textAfter(before, messages).text).toBe(text(messages));
    expect(text(messages)).not.toBe(before.text.toBuffer().toString());
    // An argument that is no field shows nowhere else.
    const after = encodingOf(messages, before);
    ((messages[1] as AIMessage).lc_kwargs as Record<string, unknown>).more = 1;
    expect(textAfter(after, messages).text).toBe(text(messages));
    expect(text(messages)).toContain('"x":{"more":1}');
    const key = "inherited";
    const plain = Array.from({ length: 4 }, () => ({ LONG, [key]: 1 }) as Record<string, unknown>);
    const withOwn = encodingOf(plain);
    Object.defineProperty(Object.prototype, key, { value: 1, enumerable: true, configurable: true, writable: true });
    try {
      delete plain[0]?.[key];
      expect(textAfter(withOwn, plain).text).toBe(text(plain));
    } finally {
      Reflect.deleteProperty(Object.prototype, key);
    }
  });

  it("C-61 says where a getter throws, though all else is as it was", () => {
    const items = (): Record<string, unknown>[] => Array.from({ length: 4 }, (_, i) => ({ LONG, at: { x: i } }));
    const before = encodingOf(items());
    const broken = items();
    Object.defineProperty(broken[2]?.at, "x", { get: () => expect.fail("it is broken"), enumerable: true });
    expect(() => textAfter(before, broken)).toThrow(/value\[2\]\.at\.x: reading it threw AssertionError/);
  });

  it("shares nothing that a caller could change", async () => {
    const messages = Array.from(
      { length: 6 },
      (_, i) => new AIMessage({ id: `${i}`, content: LONG, response_metadata: { a: [1] } }),
    );
    const previousEncoding = encodingOf(messages);
    const [first] = (await serializer.revive(previousEncoding)) as [AIMessage];
    (first.response_metadata.a as number[]).push(2);
    expect(await serializer.revive(previousEncoding)).toEqual(messages);
  });

  it("reuses the parts that are as they were", () => {
    const messages = Array.from({ length: 6 }, (_, i) => new AIMessage({ id: `${i}`, content: LONG }));
    const before = encodingOf(messages);
    const after = encodingOf([...messages, new HumanMessage("new")], before);
    const items = before.json as unknown[];
    expect((after.json as unknown[]).slice(0, 6).every((item, i) => item === items[i])).toBe(true);
    expect(encodingOf([...messages], before).json).toBe(before.json);
  });

  it("reuses what is left of a list that was trimmed, and loses members here and there", () => {
    const messages = Array.from({ length: 100 }, (_, i) => new AIMessage({ id: `${i}`, content: `${i} ${LONG}` }));
    const before = encodingOf(messages);
    const left = messages.filter((_, i) => i >= 40 && i % 7 !== 0);
    const value = [...left, new HumanMessage("new")];
    const after = encodingOf(value, before);
    const old = new Set(before.json as unknown[]);
    expect((after.json as unknown[]).filter((item) => old.has(item))).toHaveLength(left.length);
    expect(after.text.toBuffer().toString()).toBe(text(value));
  });

  it("looks for little where nothing is as it was", () => {
    const list = (seed: string): string[] => Array.from({ length: 1000 }, (_, i) => `${seed} ${i} ${LONG}`);
    const before = encodingOf(list("a"));
    expect(textAfter(before, list("b")).text).toBe(text(list("b")));
    expect(textAfter(before, [...list("b"), ...list("a")]).text).toBe(text([...list("b"), ...list("a")]));
  });
});

describe("holds of memory about what it counts", () => {
  let made = 0;
  /** One that no other value has. */
  const word = (): string => {
    made += 1;
    return `w${made}`;
  };
  const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  it.for([
    ["messages", () => times(100, () => new HumanMessage({ id: word(), content: `${word()} ${LONG}` }))],
    ["short words", () => times(10, () => times(1000, word))],
    ["objects of 100 keys", () => times(20, () => Object.fromEntries(times(100, () => [word(), true])))],
    ["numbers", () => times(10, () => times(1000, () => made++ / 7))],
  ] as const)("of %s", async ([, value]) => {
    encodingOf(value());
    const before = heldBytes();
    const kept = times(40, () => encodingOf(value()));
    const counted = (): number => kept.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    await expect.poll(() => heldBytes() - before, { timeout: 10_000 }).toBeLessThanOrEqual(1.5 * counted());
    expect(kept).toHaveLength(40);
  });
});

import { AIMessage, HumanMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyValue } from "./arbitraries.testing.js";
import type { Imprint } from "./imprint.js";
import { HoldfastSerializer } from "./index.js";
import { difference } from "./strict-equality.testing.js";

const serializer = new HoldfastSerializer();
const LONG = "a text of some length ".repeat(10);

function text(value: unknown): string {
  return Buffer.from(serializer.dump(value, "value")[1]).toString();
}

function textAfter(before: Imprint | undefined, value: unknown): { text: string; imprint: Imprint | undefined } {
  const { dumped, imprint } = serializer.dumpAfter(before, value, "value");
  return { text: Buffer.from(dumped[1]).toString(), imprint };
}

/** Dumps the values one after the other, each on the imprint of the one before. */
async function checkChain(values: readonly unknown[]): Promise<void> {
  let before: Imprint | undefined;
  for (const value of values) {
    const after = textAfter(before, value);
    expect(after.text).toBe(text(value));
    before = after.imprint;
    if (before === undefined) continue;
    expect(before.text.toString()).toBe(after.text);
    expect(difference(await serializer.revive(before), await serializer.loadsTyped("hf1", before.text))).toBeUndefined();
  }
}

function imprintOf(value: unknown, before?: Imprint): Imprint {
  const { imprint } = textAfter(before, value);
  if (imprint === undefined) throw new Error("This value is too small for an imprint.");
  return imprint;
}

const member = fc.tuple(anyValue, fc.constantFrom(LONG, `${LONG}é`, `${LONG}\ud800`)).map(([value, long]) => ({ value, long }));
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
    const before = imprintOf(messages);
    ((messages[2] as AIMessage).response_metadata.a as number[]).push(2);
    const after = textAfter(before, messages);
    expect(after.text).toBe(text(messages));
    expect(after.text).not.toBe(before.text.toString());
  });

  it("C-60 tells apart what only its order, its kind or its length tells apart", async () => {
    const items = (value: unknown) => Array.from({ length: 4 }, () => ({ LONG, value }));
    await checkChain([
      items({ a: 1, b: 2 }),
      items({ b: 2, a: 1 }),
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
      items(new HumanMessage("a")),
      items(new AIMessage("a")),
      items(new AIMessage({ content: "a", name: "b" })),
    ]);
  });

  it("shares nothing that a caller could change", async () => {
    const messages = Array.from(
      { length: 6 },
      (_, i) => new AIMessage({ id: `${i}`, content: LONG, response_metadata: { a: [1] } }),
    );
    const imprint = imprintOf(messages);
    const [first] = (await serializer.revive(imprint)) as [AIMessage];
    (first.response_metadata.a as number[]).push(2);
    expect(await serializer.revive(imprint)).toEqual(messages);
  });

  it("takes over the parts that are as they were", () => {
    const messages = Array.from({ length: 6 }, (_, i) => new AIMessage({ id: `${i}`, content: LONG }));
    const before = imprintOf(messages);
    const after = imprintOf([...messages, new HumanMessage("new")], before);
    const items = before.json as unknown[];
    expect((after.json as unknown[]).slice(0, 6).every((item, i) => item === items[i])).toBe(true);
    expect(imprintOf([...messages], before).json).toBe(before.json);
  });

  it("takes over what is left of a list that was trimmed, and loses members here and there", () => {
    const messages = Array.from({ length: 100 }, (_, i) => new AIMessage({ id: `${i}`, content: `${i} ${LONG}` }));
    const before = imprintOf(messages);
    const left = messages.filter((_, i) => i >= 40 && i % 7 !== 0);
    const value = [...left, new HumanMessage("new")];
    const after = imprintOf(value, before);
    const old = new Set(before.json as unknown[]);
    expect((after.json as unknown[]).filter((item) => old.has(item))).toHaveLength(left.length);
    expect(after.text.toString()).toBe(text(value));
  });

  it("looks for little where nothing is as it was", () => {
    const list = (seed: string): string[] => Array.from({ length: 1000 }, (_, i) => `${seed} ${i} ${LONG}`);
    const before = imprintOf(list("a"));
    expect(textAfter(before, list("b")).text).toBe(text(list("b")));
    expect(textAfter(before, [...list("b"), ...list("a")]).text).toBe(text([...list("b"), ...list("a")]));
  });
});

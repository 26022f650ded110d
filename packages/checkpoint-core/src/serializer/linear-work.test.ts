import { describe, expect, it } from "vitest";
import { inTurns } from "../format/turn.js";
import { encodeValue } from "../format/value.js";
import type { ValueBytes } from "../format/value-bytes.js";
import { operationsOf } from "../operations.testing.js";
import { HoldfastSerializer } from "./index.js";

/** Numbers from 0 to 1, the same ones for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function text(next: () => number, length: number): string {
  return Array.from({ length: Math.ceil(length / 7) }, () =>
    Math.floor(next() * 36 ** 6)
      .toString(36)
      .padStart(7, " "),
  )
    .join("")
    .slice(0, length);
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const ranks = new Map(items.map((item) => [item, next()]));
  return items.toSorted((a, b) => (ranks.get(a) as number) - (ranks.get(b) as number));
}

const PARAGRAPH = 1024;
/** What a value of so many paragraphs was, and what it became. */
type Edit = (paragraphs: readonly string[], next: () => number) => unknown;
const KINDS: readonly (readonly [string, (paragraphs: readonly string[]) => unknown, Edit])[] = [
  ["text whose paragraphs are reversed", (all) => all.join(""), (all) => all.toReversed().join("")],
  ["text whose paragraphs are shuffled", (all) => all.join(""), (all, next) => shuffled(all, next).join("")],
  ["text replaced by other text", (all) => all.join(""), (all, next) => text(next, all.length * PARAGRAPH)],
  [
    "text of which every other paragraph changed",
    (all) => all.join(""),
    (all) => all.map((paragraph, n) => (n % 2 === 0 ? paragraph : paragraph.toUpperCase())).join(""),
  ],
  ["text that repeats itself", (all) => all[0]?.repeat(all.length), (all) => `x${all[0]?.repeat(all.length - 1)}y`],
  ["a text of spaces", (all) => " ".repeat(all.length * PARAGRAPH), (all) => `x${" ".repeat(all.length * PARAGRAPH)}y`],
  ["documents that are reversed", documents, (all) => documents(all).toReversed()],
  ["documents that are shuffled", documents, (all, next) => shuffled(documents(all), next)],
  ["documents that all changed", documents, (all) => documents(all).map((document) => ({ ...document, score: 1 }))],
  ["documents in documents", (all) => ({ a: [[documents(all)]] }), (all, next) => ({ a: [[shuffled(documents(all), next)]] })],
];

function documents(paragraphs: readonly string[]): { pageContent: string; metadata: { n: number } }[] {
  return paragraphs.map((pageContent, n) => ({ pageContent, metadata: { n } }));
}

const serializer = new HoldfastSerializer();

/** Stores what a value became, after what it was, and reads it. */
async function operationsFor(was: unknown, became: unknown): Promise<number> {
  const first = serializer.dumpAfter(undefined, was, "value");
  const old = await inTurns(encodeValue)("hf1", first.dumped[1], undefined);
  let stored: ValueBytes | undefined;
  const operations = await operationsOf(async () => {
    const next = serializer.dumpAfter(first.previousEncoding, became, "value");
    stored = (await inTurns(encodeValue)("hf1", next.dumped[1], old.value)).value.bytes;
  });
  expect(await serializer.loadsTyped("hf1", stored?.toBuffer() as Buffer)).toEqual(became);
  return operations;
}

describe("C-69 the work of a put is linear in what is put", { timeout: 60_000 }, () => {
  it.for(KINDS)("%s", async ([, before, edit]) => {
    const operations: number[] = [];
    for (const paragraphs of [1000, 4000]) {
      const next = random(paragraphs);
      const all = Array.from({ length: paragraphs }, () => text(next, PARAGRAPH));
      operations.push(await operationsFor(before(all), edit(all, next)));
    }
    const [small, large] = operations as [number, number];
    expect(large / small).toBeLessThan(6);
    expect(large / (4000 * PARAGRAPH)).toBeLessThan(6);
  });
});

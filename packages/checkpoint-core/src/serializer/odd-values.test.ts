import { inspect } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeMetadata, encodeMetadata } from "../config/metadata.js";
import { InvalidMetadataError, SerializationError, ValueTooLargeError } from "../errors.js";
import { unhandledAfter } from "../saver/unhandled-rejections.testing.js";
import { anyMessage } from "./arbitraries.testing.js";
import { HoldfastSerializer } from "./index.js";
import { type Make, MARKER, oddValue } from "./odd-values.testing.js";
import { difference } from "./strict-equality.testing.js";

/** `pnpm soak --only values` tries 20,000. */
const RUNS = Number(process.env.HOLDFAST_FUZZ_ROWS ?? 500);
const isSoak = process.env.HOLDFAST_FUZZ_ROWS !== undefined;
const options = { numRuns: RUNS, seed: Number(process.env.HOLDFAST_TEST_SEED ?? 1) };
const TIMEOUT_MS = 60_000 + RUNS * 100;

const serializer = new HoldfastSerializer();

/** The text of a value; `undefined` when it is refused, without a word of it. */
function textOf(value: unknown, dump: (value: unknown) => string): string | undefined {
  try {
    return dump(value);
  } catch (error) {
    expect([SerializationError, ValueTooLargeError, InvalidMetadataError], String((error as Error).stack)).toContain(
      (error as Error).constructor,
    );
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(MARKER);
    return undefined;
  }
}

/** In a list, since bytes alone are stored as they are. */
const dumpAlone = (value: unknown): string => Buffer.from(serializer.dump([value], "state")[1]).toString();
const load = async (text: string): Promise<unknown> => ((await serializer.loadsTyped("hf1", text)) as unknown[])[0];

it("C-60 C-61 any odd value is refused by a typed error, or read back in full", { timeout: TIMEOUT_MS }, async () => {
  let refused = 0;
  const unhandled = await unhandledAfter(async () => {
    await fc.assert(
      fc.asyncProperty(oddValue, async (make) => {
        const text = textOf(make(), dumpAlone);
        if (text === undefined) {
          refused += 1;
          return;
        }
        const read = await load(text);
        expect(dumpAlone(read)).toBe(text);
        expect(difference(read, await load(text))).toBeUndefined();
      }),
      options,
    );
  });
  expect(unhandled).toEqual([]);
  expect("polluted" in {}).toBe(false);
  expect(refused).toBeGreaterThan(RUNS / 10);
  expect(refused).toBeLessThan(RUNS);
});

const LONG = "long ".repeat(200);

/** A list with members that moved, went, came again, or were changed. */
const edits = fc.tuple(
  fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: anyMessage.map(
          (message): Make =>
            () =>
              message,
        ),
      },
      oddValue,
    ),
    { maxLength: 12 },
  ),
  fc.array(fc.tuple(fc.constantFrom("move", "remove", "repeat", "reverse", "rotate"), fc.nat(), fc.nat()), { maxLength: 6 }),
);

function edited(list: readonly unknown[], steps: readonly (readonly [string, number, number])[]): unknown[] {
  let now = [...list];
  for (const [kind, from, to] of steps) {
    if (now.length === 0) break;
    const at = from % now.length;
    if (kind === "reverse") now.reverse();
    else if (kind === "rotate") now = [...now.slice(at), ...now.slice(0, at)];
    else if (kind === "repeat") now.splice(to % now.length, 0, now[at]);
    else {
      const [item] = now.splice(at, 1);
      if (kind === "move") now.splice(to % (now.length + 1), 0, item);
    }
  }
  return now;
}

it("C-60 a list whose odd members are reordered has the text that it has alone", { timeout: TIMEOUT_MS }, async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(edits, async ([makes, steps]) => {
      // As it is read: what answers differently each time has no text to compare.
      const texts = makes.map((make) => textOf(make(), dumpAlone)).filter((text) => text !== undefined);
      // What is short is not looked for among what was there before.
      const before = await Promise.all(texts.map(async (text) => ({ value: await load(text), long: LONG })));
      const after = edited(before, steps);
      const { previousEncoding } = serializer.dumpAfter(undefined, before, "state");
      const { dumped } = serializer.dumpAfter(previousEncoding, after, "state");
      expect(`[${dumped[1].toBuffer().toString()}]`).toBe(dumpAlone(after));
      if (previousEncoding !== undefined) compared += 1;
    }),
    options,
  );
  expect(compared).toBeGreaterThan(RUNS / 2);
});

it("C-64 odd metadata is refused by a typed error, or comes back", { timeout: TIMEOUT_MS }, () => {
  fc.assert(
    fc.property(oddValue, (make) => {
      const text = textOf({ value: make() }, (metadata) => encodeMetadata(metadata as never));
      if (text === undefined) return;
      expect(encodeMetadata(decodeMetadata(text))).toBe(text);
    }),
    options,
  );
});

it("C-60 an object of very many keys is kept, and so is the next one", { timeout: TIMEOUT_MS }, async () => {
  const count = isSoak ? 1_000_000 : 100_000;
  const wide = Object.fromEntries(Array.from({ length: count }, (_, n) => [`key ${(n * 7919) % count}`, n]));
  const { previousEncoding } = serializer.dumpAfter(undefined, [wide], "state");
  const next = { ...wide, "key 5": "changed" };
  const { dumped } = serializer.dumpAfter(previousEncoding, [next], "state");
  const text = dumped[1].toBuffer().toString();
  expect(text === dumpAlone(next)).toBe(true);
  const read = (await load(text)) as Record<string, unknown>;
  expect(Object.keys(read)).toHaveLength(count);
  expect(read["key 5"]).toBe("changed");
});

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockIndex, type Match } from "./matches.js";
import { inTurns, type Work } from "./turn.js";

/** The same bytes for the same seed; no 64 of them stand anywhere else. */
const noise = (seed: number | string, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`${seed}`).digest();

const matches = inTurns(function* (bytes: Buffer, sources: readonly Buffer[], minBytes: number): Work<readonly Match[]> {
  return yield* (yield* BlockIndex.of(sources, minBytes)).matches(bytes);
});

describe("matches", () => {
  const part = fc.record({
    from: fc.integer({ min: 0, max: 9 }),
    length: fc.integer({ min: 1, max: 4000 }),
    isNew: fc.boolean(),
  });

  it("are equal in both, as long as asked for, and follow one another", async () => {
    const all = Array.from({ length: 10 }, (_, n) => noise(n, 4000));
    const sources = [Buffer.concat(all.slice(0, 7)), Buffer.concat(all.slice(7))];
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), fc.integer({ min: 128, max: 3000 }), async (parts, minBytes) => {
        const bytes = Buffer.concat(
          parts.map(({ from, length, isNew }, n) => (isNew ? noise(`new ${n}`, length) : noise(from, length))),
        );
        let done = 0;
        let found = 0;
        for (const { at, source, sourceAt, length } of await matches(bytes, sources, minBytes)) {
          expect(at).toBeGreaterThanOrEqual(done);
          expect(length).toBeGreaterThanOrEqual(minBytes);
          expect(bytes.subarray(at, at + length).equals(sources[source]?.subarray(sourceAt, sourceAt + length) as Buffer)).toBe(
            true,
          );
          done = at + length;
          found += length;
        }
        expect(done).toBeLessThanOrEqual(bytes.length);
        const sure = parts.filter(({ isNew, length }) => !isNew && length >= 1.5 * minBytes);
        expect(found).toBeGreaterThanOrEqual(sure.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });

  it("are found wherever they stand, and to their last byte", async () => {
    const source = noise("source", 300_000);
    for (const [from, to] of [
      [0, 300_000],
      [1, 300_000],
      [150_000, 300_000],
      [77, 100_000],
      [777, 2313],
    ] as const) {
      const bytes = Buffer.concat([noise("before", 500), source.subarray(from, to), noise("behind", 500)]);
      const found = await matches(bytes, [noise("other", 5000), source], 1024);
      expect(found).toEqual([{ at: 500, source: 1, sourceAt: from, length: to - from }]);
    }
  });

  it("go on behind the last one where their beginning stands more than once", async () => {
    const unit = noise("unit", 1000);
    const source = Buffer.concat([unit, noise(1, 1000), unit, noise(2, 1000), unit, noise(3, 1000)]);
    expect(await matches(source.subarray(2000), [source], 600)).toEqual([
      { at: 0, source: 0, sourceAt: 0, length: 1000 },
      { at: 1000, source: 0, sourceAt: 3000, length: 3000 },
    ]);
  });

  it("are none where nothing is the same, or too little", async () => {
    expect(await matches(Buffer.alloc(0), [noise(1, 5000)], 1024)).toEqual([]);
    expect(await matches(noise(2, 100_000), [noise(3, 100_000)], 1024)).toEqual([]);
    expect(await matches(Buffer.concat([noise(2, 500), noise(1, 1000), noise(3, 500)]), [noise(1, 1000)], 1024)).toEqual([]);
  });
});

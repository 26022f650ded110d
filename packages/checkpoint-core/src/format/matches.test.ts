import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMatches } from "./matches.js";

/** The same bytes for the same seed; no 64 of them stand anywhere else. */
const noise = (seed: number | string, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`${seed}`).digest();

describe("findMatches", () => {
  const part = fc.record({
    from: fc.integer({ min: 0, max: 9 }),
    length: fc.integer({ min: 1, max: 4000 }),
    isNew: fc.boolean(),
  });

  it("are equal in both, as long as asked for, and follow one another", () => {
    const source = Buffer.concat(Array.from({ length: 10 }, (_, n) => noise(n, 4000)));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.integer({ min: 128, max: 3000 }), (parts, minBytes) => {
        const bytes = Buffer.concat(
          parts.map(({ from, length, isNew }, n) => (isNew ? noise(`new ${n}`, length) : noise(from, length))),
        );
        let done = 0;
        for (const { at, sourceAt, length } of findMatches(bytes, source, minBytes)) {
          expect(at).toBeGreaterThanOrEqual(done);
          expect(length).toBeGreaterThanOrEqual(minBytes);
          expect(bytes.subarray(at, at + length).equals(source.subarray(sourceAt, sourceAt + length))).toBe(true);
          done = at + length;
        }
        expect(done).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it("are found wherever they stand, and to their last byte", () => {
    const source = noise("source", 300_000);
    for (const [from, to] of [
      [0, 300_000],
      [1, 300_000],
      [150_000, 300_000],
      [77, 100_000],
    ] as const) {
      const bytes = Buffer.concat([noise("before", 500), source.subarray(from, to), noise("behind", 500)]);
      expect(findMatches(bytes, source, 1024)).toEqual([{ at: 500, sourceAt: from, length: to - from }]);
    }
  });

  it("go on behind the last one where their beginning stands more than once", () => {
    const unit = noise("unit", 1000);
    const source = Buffer.concat([unit, noise(1, 1000), unit, noise(2, 1000), unit, noise(3, 1000)]);
    const bytes = source.subarray(2000);
    expect(findMatches(bytes, source, 1000)).toEqual([
      { at: 0, sourceAt: 0, length: 1000 },
      { at: 1000, sourceAt: 3000, length: 3000 },
    ]);
  });

  it("are not looked for by what stands anywhere", () => {
    const source = Buffer.concat([Buffer.alloc(5000, " "), noise(1, 5000)]);
    expect(findMatches(Buffer.alloc(5000, " "), source, 1024)).toEqual([]);
    expect(findMatches(Buffer.alloc(0), source, 1024)).toEqual([]);
    expect(findMatches(noise(2, 100_000), noise(3, 100_000), 1024)).toEqual([]);
  });
});

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { sharedPrefix, sharedSuffix } from "./matches.js";
import { ValueBytes } from "./value-bytes.js";

vi.setConfig({ testTimeout: 60_000 });

/** The same bytes for the same seed. */
const noise = (seed: number | string, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`${seed}`).digest();

/** Parts of the value before, by where they begin and end, and new bytes; some longer than what is joined with its neighbours. */
const edit = fc.array(
  fc.oneof(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    fc.record({ seed: fc.nat(5), length: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 90_000 })) }),
  ),
  { minLength: 1, maxLength: 6 },
);

/** Values that were made one after the other, each beside what it should be. */
const history = fc.array(edit, { minLength: 1, maxLength: 12 }).map((edits) => {
  const values = [{ value: ValueBytes.of(noise("first", 200_000)), bytes: noise("first", 200_000) }];
  for (const parts of edits) {
    const { value, bytes } = values.at(-1) as { value: ValueBytes; bytes: Buffer };
    const made = parts.map((part) => {
      if (!Array.isArray(part)) return { value: noise(part.seed, part.length), bytes: noise(part.seed, part.length) };
      const [from, to] = part.map((at) => Math.floor(at * bytes.length)).sort((a, b) => a - b) as [number, number];
      return { value: value.slice(from, to), bytes: bytes.subarray(from, to) };
    });
    // So that a history does not come to nothing, or grow without end.
    const all = { value: ValueBytes.join(made.map((it) => it.value)), bytes: Buffer.concat(made.map((it) => it.bytes)) };
    values.push(all.bytes.length < 600_000 ? all : { value: all.value.slice(0, 100_000), bytes: all.bytes.subarray(0, 100_000) });
  }
  return values;
});

/** The memory that the value keeps from being freed, but for chunks of less than 100 bytes. Node cuts short ones out of a pool of 8 KiB. */
function heldBytes(value: ValueBytes): number {
  const held = new Set<ArrayBufferLike>();
  for (let at = 0; at < value.length; at += 100) held.add(value.subarray(at, at + 1).buffer);
  return [...held].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

describe("the bytes of a value", () => {
  it("C-60 are those of its parts, wherever these were cut out", () => {
    fc.assert(
      fc.property(history, fc.double({ min: 0, max: 1, noNaN: true }), (values, part) => {
        for (const { value, bytes } of values) {
          expect(value).toHaveLength(bytes.length);
          expect(value.toBuffer().equals(bytes)).toBe(true);
          const at = Math.floor(part * bytes.length);
          expect(value.subarray(at, bytes.length).equals(bytes.subarray(at))).toBe(true);
          expect(value.subarray(at, at).length).toBe(0);
        }
      }),
    );
  });

  it("C-60 share with others what they have in common at the start and at the end", () => {
    fc.assert(
      fc.property(history, fc.nat(), (values, limit) => {
        for (const [n, { value, bytes }] of values.entries()) {
          for (const other of values.slice(n)) {
            expect(value.sharedPrefix(other.value)).toBe(sharedPrefix(bytes, other.bytes));
            const most = Math.min(bytes.length, other.bytes.length, limit);
            expect(value.sharedSuffix(other.value, most)).toBe(sharedSuffix(bytes, other.bytes, most));
          }
        }
      }),
    );
  });

  it("hold about twice their length of memory at the most", () => {
    const cut = ValueBytes.of(noise("first", 200_000)).slice(50_000, 90_000);
    expect(heldBytes(cut)).toBe(200_000);
    expect(heldBytes(ValueBytes.join([cut]))).toBe(40_000);
    fc.assert(
      fc.property(history, (values) => {
        // The last step may have cut off the end of what was joined.
        for (const { value } of values) expect(heldBytes(ValueBytes.join([value]))).toBeLessThanOrEqual(2 * value.length + 8192);
      }),
      { numRuns: 20 },
    );
  });

  it("are not copied when something is appended, but for the last chunk", () => {
    const end = Buffer.from("]");
    let value = ValueBytes.join([noise("first", 1_000_000), end]);
    const first = value.subarray(0, 900_000);
    for (let turn = 0; turn < 300; turn += 1) {
      const before = value;
      value = ValueBytes.join([value.slice(0, value.length - 1), noise(turn, 1000), end]);
      const kept = before.length - 1 - 32 * 1024;
      for (let at = 0; at < kept; at += 5000) expect(value.subarray(at, at + 1).buffer).toBe(before.subarray(at, at + 1).buffer);
    }
    expect(value.subarray(0, 900_000).buffer).toBe(first.buffer);
    expect(value).toHaveLength(1_300_001);
    // As few as that: none but the last is shorter than what is joined.
    expect(heldBytes(value)).toBeLessThanOrEqual(1_300_001 + 8192);
  });
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeId, encodeId } from "./id-bytes.js";

const anyId = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.uuid().map((id) => id.replaceAll("-", "")),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((id) => !id.includes("\0")),
  // Around the length at which text could be taken for a UUID.
  fc.string({ unit: fc.constantFrom("a", "0", "\u0001", "-"), minLength: 13, maxLength: 18 }),
);

it("C-37 gives back every id", () => {
  fc.assert(
    fc.property(anyId, (id) => {
      expect(decodeId(encodeId(id))).toBe(id);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

it("C-03 gives different ids different bytes", () => {
  const short = fc.string({ unit: fc.constantFrom("a", "\u0001"), minLength: 14, maxLength: 17 });
  fc.assert(
    fc.property(short, short, (a, b) => {
      expect(encodeId(a).equals(encodeId(b))).toBe(a === b);
    }),
    { seed: 2, numRuns: 1000 },
  );
});

it.for(["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000a", "1ef4f797-8335-6428-8001-8a1503f9b875"])(
  "stores the UUID %s in 16 bytes",
  (id) => {
    expect(encodeId(id)).toHaveLength(16);
    expect(decodeId(encodeId(id))).toBe(id);
  },
);

it.for([14, 15, 16])("never stores %i bytes of text in 16 bytes", (length) => {
  const id = "x".repeat(length);
  expect(encodeId(id)).toHaveLength(length === 15 ? 17 : length + 1);
  expect(decodeId(encodeId(id))).toBe(id);
});

it("keeps the order of UUIDs", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (a, b) => {
      expect(Math.sign(Buffer.compare(encodeId(a), encodeId(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
    { seed: 3, numRuns: 500 },
  );
});

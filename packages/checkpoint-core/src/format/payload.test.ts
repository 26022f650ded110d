import fc from "fast-check";
import { expect, it } from "vitest";
import { DeserializationError } from "../errors.js";
import { PayloadReader, PayloadWriter, type ValueEntry } from "./payload.js";
import { SegmentReader } from "./segment-reader.js";
import { makeSegment, type SegmentWithContent } from "./segment.js";
import type { ChannelValue, Piece } from "./value.js";
import { ValueBytes } from "./value-bytes.js";

const SEGMENTS: readonly SegmentWithContent[] = ["first segment", "second", "third one", "4"].map((it) =>
  makeSegment(Buffer.from(it)),
);
const reader = new SegmentReader(new Map(SEGMENTS.map((it) => [it.id, it])));

const segmentPiece: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(...SEGMENTS), fc.nat(20), fc.nat(20))
  .map(([segment, from, size]) => {
    const of = segment.content.length;
    const start = from % of;
    return { segment: segment.id, start, length: Math.min(1 + size, of - start), of };
  });
const inlinePiece: fc.Arbitrary<Piece> = fc.record({ length: fc.integer({ min: 1, max: 20 }) });
const piece = fc.oneof(segmentPiece, inlinePiece);

function contentOf(it: Piece): Buffer {
  if (it.segment === undefined) return Buffer.alloc(it.length, it.length);
  return reader.content(it.segment).subarray(it.start, it.start + it.length);
}

const type = fc.constantFrom("hf1", "json", "bytes", "é\ud800");
const value: fc.Arbitrary<ChannelValue> = fc.oneof(
  fc.record({ type, bytes: fc.uint8Array({ maxLength: 30 }).map((it) => ValueBytes.of(it)), pieces: fc.constant(undefined) }),
  fc.record({ type, pieces: fc.array(piece, { minLength: 1, maxLength: 5 }) }).map((it) => {
    return { ...it, bytes: ValueBytes.of(Buffer.concat(it.pieces.map(contentOf))) };
  }),
);

function entriesOf(payload: PayloadReader): readonly ValueEntry[] {
  return payload.header as readonly ValueEntry[];
}

it("C-60 values are read as they were added, in their order", () => {
  const known = fc.uniqueArray(fc.constantFrom(...SEGMENTS.map(({ id }) => id)));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), known, (values, links) => {
      const writer = new PayloadWriter(links);
      const content = writer.write(values.map((it) => writer.add(it)));
      expect(writer.links.slice(0, links.length)).toEqual(links);
      expect(new Set(writer.links).size).toBe(writer.links.length);
      const payload = new PayloadReader(content, writer.links, reader);
      const read = entriesOf(payload).map((entry) => payload.next(entry));
      const asText = (it: ChannelValue): unknown => ({ ...it, bytes: it.bytes.toBuffer().toString("hex") });
      expect(read.map(asText)).toEqual(values.map(asText));
    }),
    { seed: 1, numRuns: 400 },
  );
});

it("names a segment once, and none that it does not use", () => {
  const [a, b] = SEGMENTS as [SegmentWithContent, SegmentWithContent];
  const writer = new PayloadWriter();
  const pieces = [a, b, a].map(({ id, content }) => ({ segment: id, start: 0, length: 1, of: content.length }));
  writer.add({ type: "t", bytes: ValueBytes.of(Buffer.alloc(3)), pieces });
  expect(writer.links).toEqual([a.id, b.id]);
});

function damaged(header: unknown, links: readonly string[] = SEGMENTS.map(({ id }) => id)): () => unknown {
  return () => {
    const payload = new PayloadReader(new PayloadWriter().write(header), links, reader);
    return entriesOf(payload).map((entry) => payload.next(entry));
  };
}

it.for<[string, () => unknown]>([
  ["nothing", () => new PayloadReader(Buffer.alloc(0), [], reader)],
  ["half a length", () => new PayloadReader(Buffer.of(1, 0), [], reader)],
  ["a header cut short", () => new PayloadReader(Buffer.from("\u0009\0\0\0[1,2"), [], reader)],
  ["a header that is not JSON", () => new PayloadReader(Buffer.from("\u0002\0\0\0{{"), [], reader)],
  ["inline bytes cut short", damaged([["t", 3]])],
  ["an inline piece cut short", damaged([["t", [0, 0, 1, -1, 0, 3]]])],
  ["a link that is not there", damaged([["t", [4, 0, 1]]])],
  ["a segment that is not there", damaged([["t", [0, 0, 1]]], ["00".repeat(16)])],
  ["a piece beyond its segment", damaged([["t", [1, 3, 4]]])],
  ["a run beyond the links", damaged([["t", [2, -3, 0]]])],
  ["a run of pieces shorter than nothing", damaged([["t", [3, -1, 2]]])],
])("%s is a DeserializationError", ([, read]) => {
  expect(read).toThrow(DeserializationError);
});

import { describe, expect, it } from "vitest";
import { DeserializationError } from "../errors.js";
import { PayloadReader, type ValueEntry } from "./payload.js";
import { compress } from "./compression.js";
import { SegmentReader } from "./segment-reader.js";
import { type Segment, segmentId } from "./segment.js";

const KIB = 1024;
const MIB = 1024 * KIB;

function stored(content: Buffer, links: readonly string[] = [], body = compress(content)): Segment {
  return { id: segmentId(links, content), links, body };
}

function readerOf(segments: readonly Segment[], maxValueBytes = 512 * MIB, maxPutBytes = 2 * maxValueBytes): SegmentReader {
  return new SegmentReader(new Map(segments.map((segment) => [segment.id, segment])), { maxValueBytes, maxPutBytes });
}

function payload(header: unknown, inline = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(JSON.stringify(header) ?? "");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, inline]);
}

function read(entry: unknown, segments: readonly Segment[], maxValueBytes?: number): number {
  const links = segments.map(({ id }) => id);
  const reader = new PayloadReader(payload([], Buffer.alloc(16)), links, readerOf(segments, maxValueBytes));
  return reader.next(entry as ValueEntry).bytes.length;
}

/** Deflates 1,000 to 1. */
async function bomb(bytes: number, fill = 0): Promise<Segment> {
  const { deflateRawSync } = await import("node:zlib");
  const { FROZEN_DICTIONARY } = await import("./dictionary.js");
  const content = Buffer.alloc(bytes, fill);
  return stored(content, [], Buffer.concat([Buffer.of(1, 0), deflateRawSync(content, { dictionary: FROZEN_DICTIONARY })]));
}

describe("C-65 limits hold while reading", () => {
  it("C-65 a segment inflates to no more than any segment has", async () => {
    const large = await bomb(17 * MIB);
    expect(large.body.length).toBeLessThan(32 * KIB);
    expect(() => readerOf([large]).content(large.id)).toThrow(DeserializationError);
    const largest = await bomb(16 * MIB);
    expect(readerOf([largest]).content(largest.id).length).toBe(16 * MIB);
  });

  it("C-65 a value that names one segment again and again is no longer than maxValueBytes", () => {
    const segment = stored(Buffer.alloc(200 * KIB, "x"));
    const times = (count: number): ValueEntry => ["hf1", Array.from({ length: count }, () => [0, 0, 200 * KIB]).flat()];
    expect(read(times(5), [segment], MIB)).toBe(1000 * KIB);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => read(times(100_000), [segment], MIB)).toThrow(/more than 1048576 bytes/);
    expect(() => read(["hf1", Array.from({ length: 100_000 }, () => [0, -1, 0]).flat()], [segment], MIB)).toThrow(
      DeserializationError,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  });

  it("C-65 the segments of one value inflate to no more than twice its limit", async () => {
    const bombs = await Promise.all(Array.from({ length: 12 }, (_, i) => bomb(4 * MIB, i)));
    // One byte of each.
    const entry = ["hf1", bombs.flatMap((_, link) => [link, 0, 1])];
    expect(() => read(entry, bombs, MIB)).toThrow(DeserializationError);
    expect(read(entry, bombs, 64 * MIB)).toBe(12);
    // Nor do those that a segment is compressed against.
    const content = Buffer.from("x");
    const links = bombs.map(({ id }) => id);
    const against = stored(content, links, Buffer.concat([Buffer.of(1, links.length), Buffer.of(3, 0)]));
    expect(() => readerOf([against, ...bombs], MIB).content(against.id)).toThrow(DeserializationError);
  });

  it("C-65 the values of one checkpoint come to no more than maxPutBytes", () => {
    const segment = stored(Buffer.alloc(200 * KIB, "x"));
    const allOf = (values: number): number => {
      const reader = new PayloadReader(payload([]), [segment.id], readerOf([segment], MIB, 2 * MIB));
      const entry = ["hf1", [0, 0, 200 * KIB]] as const;
      return Array.from({ length: values }, () => reader.next(entry).bytes.length).reduce((sum, length) => sum + length);
    };
    expect(allOf(10)).toBe(2000 * KIB);
    expect(() => allOf(11)).toThrow(/more than 2097152 bytes/);
  });

  it("C-65 the segments of one checkpoint inflate to no more than twice its limit, those of the next again", async () => {
    const bombs = await Promise.all(Array.from({ length: 12 }, (_, i) => bomb(4 * MIB, i)));
    const links = bombs.map(({ id }) => id);
    const read = (segments: SegmentReader, from: number, to: number): void => {
      const reader = new PayloadReader(payload([]), links, segments);
      for (let link = from; link < to; link += 1) reader.next(["hf1", [link, 0, 1]]);
    };
    const fresh = (): SegmentReader => readerOf(bombs, 16 * MIB, 8 * MIB);
    expect(() => read(fresh(), 0, 9)).toThrow(DeserializationError);
    const one = fresh();
    read(one, 0, 8);
    read(one, 8, 12);
  });

  it("segments that need each other are a DeserializationError", () => {
    const [a, b] = ["a".repeat(32), "b".repeat(32)];
    const cyclic = [
      { id: a, links: [b], body: Buffer.of(1, 1, 3, 0) },
      { id: b, links: [a], body: Buffer.of(1, 1, 3, 0) },
    ];
    expect(() => readerOf(cyclic).content(a)).toThrow(/needs itself/);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a type that is no text", [5, 1]],
    ["a number of bytes that is none", ["hf1", -1]],
    ["half a byte", ["hf1", 0.5]],
    ["more bytes than there are", ["hf1", 17]],
    ["pieces that are no list", ["hf1", { length: 3 }]],
    ["pieces that are no triples", ["hf1", [0, 0]]],
    ["a piece that is no number", ["hf1", [0, null, 1]]],
    ["a negative length", ["hf1", [0, 0, -5]]],
    ["a link that is not there", ["hf1", [7, 0, 1]]],
    ["a link before the first", ["hf1", [-2, 0, 1]]],
    ["a run of 2^53 segments", ["hf1", [0, -(2 ** 53), 0]]],
    ["a part beyond the end", ["hf1", [0, 5, 10]]],
    ["a trim that is longer than the segment", ["hf1", [0, -1, 11]]],
  ])("an entry of %s is a DeserializationError", (_name, entry) => {
    expect(() => read(entry, [stored(Buffer.alloc(10, 1))])).toThrow(DeserializationError);
  });
});

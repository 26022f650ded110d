import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeserializationError } from "../errors.js";
import { compress, decompress, dictionaryLength } from "./compression.js";
import { SegmentReader } from "./segment-reader.js";
import {
  compressed,
  linksElsewhere,
  makeKeyframe,
  makeSegment,
  type Repeatable,
  type Segment,
  type SegmentWithContent,
  segmentId,
  withLinked,
} from "./segment.js";

const text = (length: number): Buffer =>
  Buffer.from("The quick brown fox jumps over the lazy dog. ".repeat(1 + length / 45).slice(0, length));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((it) => Buffer.from(it)),
  fc.tuple(fc.string({ maxLength: 20 }), fc.integer({ min: 1, max: 300 })).map(([it, times]) => Buffer.from(it.repeat(times))),
);
const repeating = (...verbatim: readonly SegmentWithContent[]): Repeatable => ({ verbatim, context: undefined });
/** The same bytes for the same seed; deflate finds nothing in them. */
const noise = (seed: number, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`${seed}`).digest();
const stored = (...segments: readonly Segment[]): SegmentReader => new SegmentReader(new Map(segments.map((it) => [it.id, it])));

describe("compress and open", () => {
  it.each([180, 3_000, 12_000, 60_000])("give back %i bytes in little more memory than they take", (length) => {
    const opened = decompress(compress(text(length)));
    // Node cuts what is short from 8 KiB that it shares out.
    expect(opened.buffer.byteLength).toBeLessThanOrEqual(Math.max(8 * 1024, 2 * length));
  });

  it("C-60 give back every content", () => {
    fc.assert(
      fc.property(bytes, fc.array(bytes, { maxLength: 3 }), (content, dictionary) => {
        expect(decompress(compress(content, dictionary), dictionary).equals(content)).toBe(true);
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it.for([0, 1, 32 * 1024, 256 * 1024, 256 * 1024 + 1])("C-60 give back %i bytes, of text and of noise", (length) => {
    for (const content of [text(length), randomBytes(length)]) {
      const dictionary = [text(40_000), randomBytes(30_000)];
      expect(decompress(compress(content)).equals(content)).toBe(true);
      expect(decompress(compress(content, dictionary), dictionary).equals(content)).toBe(true);
    }
  });

  it("store what does not shrink as it is, with two bytes more", () => {
    const noise = randomBytes(1000);
    expect(compress(noise)).toHaveLength(1002);
    expect(dictionaryLength(compress(noise, [text(10)]))).toBe(0);
  });

  it("store text smaller, and smaller still when it repeats a dictionary", () => {
    const content = Buffer.concat([randomBytes(500).toString("hex"), text(500)].map((it) => Buffer.from(it)));
    const plain = compress(content);
    const repeated = compress(content, [content]);
    expect(plain.length).toBeLessThan(content.length * 0.7);
    expect(repeated.length).toBeLessThan(plain.length / 4);
    expect([dictionaryLength(plain), dictionaryLength(repeated)]).toEqual([0, 1]);
  });

  it("use the end of a dictionary that is longer than the window", () => {
    const content = randomBytes(1000);
    const dictionary = [randomBytes(100_000), content];
    const compressed = compress(content, dictionary);
    expect(compressed.length).toBeLessThan(100);
    expect(decompress(compressed, dictionary).equals(content)).toBe(true);
  });

  it.for<[string, Buffer]>([
    ["no bytes", Buffer.alloc(0)],
    ["an unknown encoding", Buffer.of(7, 0, 1, 2, 3)],
    ["deflated bytes cut short", compress(text(500)).subarray(0, 20)],
    ["deflated bytes cut to nothing", compress(text(500)).subarray(0, 2)],
    ["bytes that are not deflated", Buffer.of(1, 0, 0xff, 0xff, 0xff, 0xff)],
  ])("refuse %s with a DeserializationError", ([, damaged]) => {
    expect(() => decompress(damaged)).toThrow(DeserializationError);
  });

  it("never throw anything but a DeserializationError, whatever the bytes", () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(255), (content, where, byte) => {
        const damaged = Buffer.from(compress(content));
        damaged[where % damaged.length] = byte;
        try {
          decompress(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(DeserializationError);
        }
      }),
      { seed: 2, numRuns: 400 },
    );
  });
});

describe("segmentId", () => {
  const hexId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((it) => Buffer.from(it).toString("hex"));

  it("C-31 is the same for the same links and content", () => {
    fc.assert(
      fc.property(fc.array(hexId, { maxLength: 3 }), bytes, (links, content) => {
        expect(segmentId(links, content)).toMatch(/^[0-9a-f]{32}$/);
        expect(segmentId([...links], Buffer.from(content))).toBe(segmentId(links, content));
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it("C-35 differs where links, their order or the content differ", () => {
    const [a, b] = [segmentId([], Buffer.from("a")), segmentId([], Buffer.from("b"))];
    const content = Buffer.from("content");
    const ids = [segmentId([], content), segmentId([a], content), segmentId([a, b], content), segmentId([b, a], content), a, b];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("C-35 differs where content begins with the bytes of a link", () => {
    const link = segmentId([], Buffer.from("a"));
    const content = Buffer.from("content");
    expect(segmentId([], Buffer.concat([Buffer.from(link, "hex"), content]))).not.toBe(segmentId([link], content));
  });
});

describe("makeSegment", () => {
  it("links to related segments when that saves bytes", () => {
    const related = makeSegment(randomBytes(1000));
    const segment = makeSegment(Buffer.concat([related.content, Buffer.from("more")]), repeating(related));
    expect(segment.links).toEqual([related.id]);
    expect(segment.body.length).toBeLessThan(200);
    expect(stored(related, segment).content(segment.id).equals(segment.content)).toBe(true);
  });

  it("links to nothing when that saves little", () => {
    const related = makeSegment(randomBytes(1000));
    const segment = makeSegment(randomBytes(1000), repeating(related));
    expect(segment.links).toEqual([]);
    expect(stored(segment).content(segment.id).equals(segment.content)).toBe(true);
  });

  it("C-60 gives back its content through whatever it links to", () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, both) => {
        const [a, b, own] = [noise(seed, 700), noise(seed + 1, 500), noise(seed + 2, 300)];
        const first = makeSegment(a);
        const second = makeSegment(Buffer.concat([b, a]), repeating(first));
        const third = makeSegment(Buffer.concat([a, own, b]), both ? repeating(first, second) : repeating(second));
        expect(third.links).toContain(second.id);
        expect(stored(first, second, third).content(third.id).equals(third.content)).toBe(true);
      }),
      { seed: 4, numRuns: 100 },
    );
  });
});

describe("compressed", () => {
  it.for([64 * 1024, 64 * 1024 + 1, 1_000_000])("C-60 gives back %i bytes, of text and of noise", async (length) => {
    const segments = [makeSegment(text(length)), makeSegment(randomBytes(length))];
    const [small, large] = await compressed(segments);
    for (const [n, segment] of [small, large].entries()) {
      expect(
        stored(segment as Segment)
          .content(segment?.id as string)
          .equals(segments[n]?.content as Buffer),
      ).toBe(true);
    }
    expect(small?.body.length).toBeLessThan(length / 20);
    expect(large?.body.length).toBeLessThanOrEqual(length + 2);
  });

  it("makes nothing of what is compressed already, and compresses each segment once", async () => {
    const [short, long] = [makeSegment(text(1000)), makeSegment(text(100_000))];
    const [one, two] = [await compressed([short, long]), await compressed([long, short])];
    expect(one[0]?.body).toBe(short.body);
    expect(two[0]?.body).toBe(one[1]?.body);
  });
});

describe("withLinked", () => {
  it("C-30 sends along what a new segment links to, and what that links to", () => {
    const input = makeSegment(noise(1, 600));
    const write = makeSegment(Buffer.concat([noise(2, 600), input.content]), repeating(input));
    const message = makeSegment(Buffer.concat([noise(3, 300), write.content]), repeating(write));
    const other = makeSegment(noise(4, 600));
    expect([write.links, message.links]).toEqual([[input.id], [write.id]]);
    for (const candidates of [
      [input, write, other],
      [other, write, input],
      [write, write, input],
    ]) {
      const sent = withLinked(new Map([[message.id, message]]), candidates);
      expect(new Set(sent)).toEqual(new Set([message, write, input]));
      expect(sent).toHaveLength(3);
      expect(linksElsewhere(sent, sent)).toBe(false);
    }
    expect(withLinked(new Map([[message.id, message]]), [{ ...write, isStored: true }, input])).toEqual([message]);
    const incomplete = withLinked(new Map([[message.id, message]]), [write]);
    expect(linksElsewhere(incomplete, incomplete)).toBe(true);
  });
});

describe("SegmentReader", () => {
  it("opens a keyframe, whose links are not its dictionary", () => {
    const keyframe = makeKeyframe(["00".repeat(16)], text(1000));
    expect(stored(keyframe).content(keyframe.id).equals(keyframe.content)).toBe(true);
  });

  it("opens each segment once", () => {
    const segment = makeSegment(text(1000));
    const reader = stored(segment);
    expect(reader.content(segment.id)).toBe(reader.content(segment.id));
  });

  it("C-68 gives the right content or none, whatever bit of a segment is changed", () => {
    const related = makeSegment(text(1000));
    const segment = makeSegment(Buffer.concat([noise(1, 100), related.content]), repeating(related));
    let refused = 0;
    for (let bit = 0; bit < 8 * segment.body.length; bit += 1) {
      const body = Buffer.from(segment.body);
      body[bit >> 3] = (body[bit >> 3] as number) ^ (1 << (bit & 7));
      const reader = stored({ ...segment, body }, related);
      try {
        expect(reader.content(segment.id).equals(segment.content)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(DeserializationError);
        refused += 1;
      }
    }
    // Some bits of what is deflated say nothing, most of them in its last byte.
    expect(refused).toBeGreaterThan(8 * (segment.body.length - 2));
  });

  it("C-68 refuses a segment under the name of another, or with other links", () => {
    const [one, two] = [makeSegment(text(1000)), makeSegment(text(2000))];
    expect(() => stored({ ...one, id: two.id }).content(two.id)).toThrow(two.id);
    expect(() => stored({ ...one, links: [two.id] }, two).content(one.id)).toThrow(one.id);
  });

  it("C-68 refuses a long segment under the name of another, opened at once", async () => {
    const long = (seed: number): SegmentWithContent => makeSegment(Buffer.from(noise(seed, 100_000).toString("base64")));
    const [one, two] = await compressed([long(1), long(2)]);
    const exchanged = { ...(two as Segment), body: (one as Segment).body };
    const reader = await SegmentReader.open(new Map([[exchanged.id, exchanged]]));
    expect(() => reader.content(exchanged.id)).toThrow(exchanged.id);
  });

  it("names a segment that the store did not return", () => {
    const related = makeSegment(randomBytes(1000));
    const segment = makeSegment(Buffer.concat([Buffer.of(1), related.content]), repeating(related));
    const reader = stored(segment);
    for (const read of [() => reader.segment(related.id), () => reader.content(related.id), () => reader.content(segment.id)]) {
      expect(read).toThrow(DeserializationError);
      expect(read).toThrow(related.id);
    }
  });
});

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { SegmentReader } from "./segment-reader.js";
import { inTurns } from "./turn.js";
import { makeSegment, type Repeatable, type SegmentWithContent } from "./segment.js";
import {
  type ChannelValue,
  type EncodedValue,
  encodeValue,
  inlineBytes,
  MAX_INLINE_BYTES,
  type SegmentPiece,
  segmentPieces,
} from "./value.js";
import { ValueBytes } from "./value-bytes.js";

vi.setConfig({ testTimeout: 60_000 });

/** The same bytes for the same seed; deflate finds nothing in them. */
const noise = (seed: number | string, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`${seed}`).digest();

function encode(bytes: Buffer, parent?: ChannelValue, repeatable?: Repeatable): EncodedValue | Promise<EncodedValue> {
  return inTurns(encodeValue)("t", ValueBytes.of(bytes), parent, repeatable);
}

/** Encodes values one after the other, and reads each back from what was stored. */
class History {
  readonly segments = new Map<string, SegmentWithContent>();
  last: ChannelValue | undefined;
  lastNew: readonly SegmentWithContent[] = [];

  async put(bytes: Buffer, type = "t", parent = this.last): Promise<ChannelValue> {
    const { value, created } = await inTurns(encodeValue)(type, ValueBytes.of(bytes), parent);
    this.lastNew = created.filter(({ id }) => !this.segments.has(id));
    for (const segment of created) this.segments.set(segment.id, segment);
    this.last = value;
    expect(value.type).toBe(type);
    expect(this.read(value).equals(bytes)).toBe(true);
    return value;
  }

  read({ bytes, pieces }: ChannelValue): Buffer {
    if (pieces === undefined) return bytes.toBuffer();
    const reader = new SegmentReader(this.segments);
    let offset = 0;
    return Buffer.concat(
      pieces.map((piece) => {
        expect(piece.length).toBeGreaterThan(0);
        offset += piece.length;
        if (piece.segment === undefined) return bytes.subarray(offset - piece.length, offset);
        const content = reader.content(piece.segment);
        expect(content).toHaveLength(piece.of);
        expect(piece.start >= 0 && piece.start + piece.length <= piece.of).toBe(true);
        return content.subarray(piece.start, piece.start + piece.length);
      }),
    );
  }

  /** In new segments, and in the record. */
  get newBytes(): number {
    return this.lastNew.reduce(
      (sum, segment) => sum + segment.content.length,
      this.last === undefined ? 0 : inlineBytes(this.last),
    );
  }

  /** Content that must be read for the last value. */
  get readBytes(): number {
    const sizes = new Map(this.last && segmentPieces(this.last).map(({ segment, of }) => [segment, of]));
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }
}

describe("encodeValue", () => {
  it("keeps small values in the record", async () => {
    expect(await encode(noise(1, MAX_INLINE_BYTES))).toMatchObject({ value: { pieces: undefined }, created: [] });
    expect((await encode(noise(1, MAX_INLINE_BYTES + 1))).created).toHaveLength(1);
    expect((await encode(Buffer.alloc(0))).value.bytes).toHaveLength(0);
  });

  it("C-31 makes the same segments of the same value", async () => {
    const make = async () => (await encode(noise(1, 5000))).created.map(({ id }) => id);
    expect(await make()).toEqual(await make());
  });

  it("stores nothing for a value that is the parent's", async () => {
    const history = new History();
    const first = await history.put(noise(1, 5000));
    expect((await history.put(noise(1, 5000))).pieces).toEqual(first.pieces);
    expect(history.newBytes).toBe(0);
  });

  it.for<[string, Buffer, number]>([
    ["append", Buffer.concat([noise(1, 5000), noise(2, 700)]), 700],
    ["prepend", Buffer.concat([noise(2, 700), noise(1, 5000)]), 700],
    ["insert", Buffer.concat([noise(1, 5000).subarray(0, 2000), noise(2, 700), noise(1, 5000).subarray(2000)]), 700],
    [
      "replace in the middle",
      Buffer.concat([noise(1, 5000).subarray(0, 2000), noise(2, 700), noise(1, 5000).subarray(3000)]),
      700,
    ],
    ["truncate", noise(1, 5000).subarray(0, 3000), 0],
    ["remove from the start", noise(1, 5000).subarray(2000), 0],
    ["remove from the middle", Buffer.concat([noise(1, 5000).subarray(0, 2000), noise(1, 5000).subarray(3000)]), 0],
    ["replace it all", noise(2, 5000), 5000],
  ])("stores only what is new: %s", async ([, bytes, expected]) => {
    const history = new History();
    await history.put(noise(1, 5000));
    await history.put(bytes);
    expect(history.newBytes).toBeGreaterThanOrEqual(expected);
    // Bytes at the seam may be equal by chance.
    expect(history.newBytes).toBeLessThanOrEqual(expected + 4);
  });

  it.for<[string, (number | string)[], number]>([
    ["the first goes and another comes", [1, 2, 3, 4, 5, 6, 7, "new"], 2000],
    ["some go here and there, and another comes", [1, 2, 4, 5, 7, "new"], 2000],
    ["the last goes to the front, behind a new one", ["new", 7, 0, 1, 2, 3, 4, 5, 6], 2000],
    ["two change places", [0, 5, 2, 3, 4, 1, 6, 7], 0],
  ])("finds what moved: %s", async ([, kept, expected]) => {
    const history = new History();
    const list = (members: readonly (number | string)[]): Buffer => Buffer.concat(members.map((member) => noise(member, 2000)));
    await history.put(list([0, 1, 2, 3, 4, 5, 6, 7]));
    await history.put(list(kept));
    expect(history.newBytes).toBeGreaterThanOrEqual(expected);
    expect(history.newBytes).toBeLessThanOrEqual(expected + 8);
  });

  it("stores what comes to a list that is always trimmed to its last messages, copied once", async () => {
    const history = new History();
    let [stored, mostRead] = [0, 0];
    const [turns, kept, size] = [600, 60, 1000];
    for (let turn = 0; turn < turns; turn += 1) {
      const last = Array.from({ length: Math.min(turn + 1, kept) }, (_, back) => noise(turn - back, size)).reverse();
      const bytes = Buffer.concat([Buffer.from("["), ...last, Buffer.from("]")]);
      await history.put(bytes);
      stored += history.lastNew.reduce((sum, { content }) => sum + content.length, 0);
      mostRead = Math.max(mostRead, history.readBytes / bytes.length);
    }
    expect(stored).toBeLessThanOrEqual(3 * turns * size);
    expect(mostRead).toBeLessThanOrEqual(2);
  });

  it("does not confuse an equal start with an equal end", async () => {
    const unit = noise(1, 1000);
    for (const [from, to] of [
      [2, 3],
      [3, 2],
      [5, 1],
      [1, 5],
    ] as const) {
      const history = new History();
      await history.put(Buffer.concat(Array.from({ length: from }, () => unit)));
      await history.put(Buffer.concat(Array.from({ length: to }, () => unit)));
    }
  });

  it("finds where values differ, at and around the blocks that it compares", async () => {
    const old = noise(1, 20_000);
    for (const at of [256, 4095, 4096, 4097, 8191, 8192, 10_000, 15_903, 15_904, 15_905, 19_743]) {
      const history = new History();
      await history.put(old);
      const changed = Buffer.from(old);
      changed[at] = (changed[at] as number) ^ 1;
      const { pieces = [] } = await history.put(changed);
      expect(history.newBytes).toBe(1);
      expect(pieces).toMatchObject([{ start: 0, length: at }, { length: 1 }, { start: at + 1, length: 20_000 - at - 1 }]);
    }
  });

  it("shares nothing with a value of another type, or one in the record", async () => {
    const history = new History();
    await history.put(noise(1, 5000), "t");
    await history.put(Buffer.concat([noise(1, 5000), noise(2, 600)]), "u");
    expect(history.newBytes).toBe(5600);
    await history.put(noise(3, MAX_INLINE_BYTES));
    await history.put(Buffer.concat([noise(3, MAX_INLINE_BYTES), noise(4, 600)]));
    expect(history.newBytes).toBe(MAX_INLINE_BYTES + 600);
  });

  it("keeps what little is new in the record, and makes one segment of it and of what comes next", async () => {
    const history = new History();
    const [first, little, more] = [noise(1, 5000), noise(2, MAX_INLINE_BYTES), noise(3, 1)];
    const whole = (await history.put(first)).pieces ?? [];
    expect((await history.put(Buffer.concat([first, little]))).pieces).toEqual([...whole, { length: little.length }]);
    expect(history.lastNew).toEqual([]);
    const { pieces = [] } = await history.put(Buffer.concat([first, little, more]));
    expect(history.lastNew.map(({ content }) => content)).toEqual([Buffer.concat([little, more])]);
    expect(pieces).toEqual([
      ...whole,
      { segment: history.lastNew[0]?.id, start: 0, length: little.length + 1, of: little.length + 1 },
    ]);
  });

  it("keeps no more than that in the record, in however many places it is new", async () => {
    const history = new History();
    const [start, end, tail, middle] = [noise(1, 5000), noise(2, 5000), noise(3, 300), noise(4, 300)];
    await history.put(Buffer.concat([start, end]));
    await history.put(Buffer.concat([start, end, tail]));
    await history.put(Buffer.concat([start, middle, end, tail]));
    expect(inlineBytes(history.last as ChannelValue)).toBe(300);
    expect(history.lastNew.map(({ content }) => content)).toEqual([tail]);
  });

  it("stores less than 256 shared bytes again rather than as a piece", async () => {
    const history = new History();
    await history.put(noise(1, 400 + 255));
    expect((await history.put(Buffer.concat([noise(1, 400 + 255).subarray(400), noise(2, 600)]))).pieces).toHaveLength(1);
  });

  it("no longer refers to a segment of which less than half is used", async () => {
    const history = new History();
    await history.put(noise(1, 10_000));
    await history.put(noise(1, 10_000).subarray(0, 5000));
    expect(history.readBytes).toBe(10_000);
    await history.put(noise(1, 10_000).subarray(0, 4999));
    expect([history.readBytes, history.newBytes]).toEqual([4999, 4999]);
  });

  it.for<[number, number]>([
    [300_000, 2],
    [8 << 20, 32],
    [20_000_005, 32],
    [70_000_000, 32],
  ])("C-65 stores a large value in several segments: %i bytes in %i", async ([size, count]) => {
    const { pieces = [] } = await new History().put(Buffer.alloc(size, "many"));
    expect(pieces).toHaveLength(count);
    const sizes = pieces.map(({ length }) => length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.max(256 * 1024, Math.ceil(size / 32)));
    expect(sizes.reduce((sum, length) => sum + length, 0)).toBe(size);
  });

  it("compresses against what the value may repeat", async () => {
    const write = makeSegment(noise(1, 2000));
    const bytes = Buffer.concat([Buffer.from("["), noise(1, 2000), Buffer.from("]")]);
    const { created } = await encode(bytes, undefined, { verbatim: [write], context: undefined });
    expect(created.map(({ links }) => links)).toEqual([[write.id]]);
    expect(created[0]?.body.length).toBeLessThan(200);
  });

  it("C-30 uses the segment of a write that is the value, and sends it along", async () => {
    const write = makeSegment(noise(1, 2000));
    const repeatable = { verbatim: [makeSegment(noise(2, 2000)), write], context: undefined };
    const { value, created } = await encode(noise(1, 2000), undefined, repeatable);
    expect(created).toEqual([write]);
    expect(value.pieces).toEqual([{ segment: write.id, start: 0, length: 2000, of: 2000 }]);
  });

  it("C-30 shares with a value that is still on its way what can be sent along", async () => {
    const [first, second, third] = [noise(1, 9000), noise(2, 9000), noise(3, 9000)];
    const before = await encode(first);
    const inFlight = await encode(Buffer.concat([first, second, third]), before.value);
    const [one] = inFlight.created as [SegmentWithContent];
    const bytes = Buffer.concat([first, noise(4, 600), second, third]);
    const encoded = (verbatim: readonly SegmentWithContent[]) =>
      encode(bytes, inFlight.value, { verbatim, context: undefined, inFlight: new Set([one.id]) });
    // It is there, and sent along; it is there, and acknowledged meanwhile; nobody has it any more, so it is made again.
    expect((await encoded([one])).created.map(({ content }) => content.length)).toEqual([600, 18_000]);
    expect((await encoded([{ ...one, isStored: true }])).created.map(({ content }) => content.length)).toEqual([600]);
    expect((await encoded([])).created.map(({ content }) => content.length)).toEqual([18_600]);
    for (const { value } of [await encoded([one]), await encoded([])]) expect(value.bytes.toBuffer().equals(bytes)).toBe(true);
  });

  it("C-30 uses a long part of a write's segment, and sends it along", async () => {
    const [list, answer] = [noise(1, 9000), noise(2, 20_000)];
    const write = makeSegment(Buffer.concat([Buffer.from("[{"), answer, Buffer.from("}]")]));
    const first = await encode(list);
    const bytes = Buffer.concat([list, Buffer.from(", {"), answer, noise(3, 1000)]);
    const repeatable = { verbatim: [write], context: undefined };
    const { value, created } = await encode(bytes, first.value, repeatable);
    expect(value.pieces).toMatchObject([
      { length: 9000 },
      { length: 2 },
      { segment: write.id, start: 1, length: 20_001 },
      { length: 1000 },
    ]);
    expect(created).toHaveLength(2);
    expect(created).toContain(write);
    const acknowledged = { verbatim: [{ ...write, isStored: true }], context: undefined };
    expect((await encode(bytes, first.value, acknowledged)).created).toHaveLength(1);
    // Nothing of it is sent once it is the parent's.
    expect((await encode(Buffer.concat([bytes, noise(4, 10)]), value, repeatable)).created).toEqual([]);
  });
});

/** Edits as [kind, where, how much, seed]. */
const edits = fc.array(
  fc.tuple(
    fc.constantFrom("append", "append", "append", "prepend", "insert", "remove", "truncate", "replace", "swap", "repeat"),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 900 }) },
      fc.integer({ min: 1, max: 12_000 }),
      fc.constant(300_000),
    ),
    fc.nat(),
  ),
  { minLength: 1, maxLength: 60 },
);

function edited(old: Buffer, [kind, where, size, seed]: [string, number, number, number]): Buffer {
  const at = Math.floor(where * old.length);
  const [before, after] = [old.subarray(0, at), old.subarray(at)];
  switch (kind) {
    case "append":
      return Buffer.concat([old, noise(seed, size)]);
    case "prepend":
      return Buffer.concat([noise(seed, size), old]);
    case "insert":
      return Buffer.concat([before, noise(seed, size), after]);
    case "remove":
      return Buffer.concat([before, after.subarray(size)]);
    case "truncate":
      return before;
    case "swap":
      return Buffer.concat([after, before]);
    case "repeat":
      return Buffer.concat([old, old.subarray(0, 40_000)]);
    default:
      return noise(seed, size);
  }
}

it("C-35 a value edited in any way reads as it was put, in few pieces, for at most twice its size", async () => {
  await fc.assert(
    fc.asyncProperty(edits, async (list) => {
      const history = new History();
      const all: [ChannelValue, Buffer][] = [];
      let bytes = Buffer.alloc(0);
      for (const edit of list) {
        bytes = Buffer.from(edited(bytes, edit).subarray(0, 1_000_000));
        all.push([await history.put(bytes), bytes]);
        expect(history.last?.pieces?.length ?? 0).toBeLessThanOrEqual(256);
        expect(history.readBytes).toBeLessThanOrEqual(2 * bytes.length);
      }
      for (const [value, expected] of all) expect(history.read(value).equals(expected)).toBe(true);
    }),
    { seed: 35, numRuns: 80 },
  );
});

it("what is merged away is not read any more for the little that is left of it", async () => {
  const base = makeSegment(noise("base", 504_000));
  const pieceOf = ({ id, content }: SegmentWithContent, start: number, length: number): SegmentPiece => ({
    segment: id,
    start,
    length,
    of: content.length,
  });
  const between = Array.from({ length: 35 }, (_, i) => makeSegment(noise(i, 600)));
  const large = makeSegment(noise("large", 9000));
  // Half of the base is used: 35 small pieces, which merge, and one behind a large piece, which does not.
  const pieces = [
    ...between.flatMap((segment, i) => [pieceOf(base, i * 7000, 7000), pieceOf(segment, 0, 600)]),
    pieceOf(large, 0, 9000),
    pieceOf(base, 400_000, 7000),
  ];
  const contents = new Map([base, large, ...between].map(({ id, content }) => [id, content]));
  const bytes = Buffer.concat(
    pieces.map(({ segment, start, length }) => (contents.get(segment) as Buffer).subarray(start, start + length)),
  );
  const { value } = await encode(bytes, { type: "t", bytes: ValueBytes.of(bytes), pieces });
  expect(value.pieces?.map(({ segment }) => segment)).not.toContain(base.id);
  expect(value.pieces?.map(({ segment }) => segment)).toContain(large.id);
});

describe("a value in very many pieces", () => {
  /** A value that stands in so many segments. */
  const inSegments = (sizes: readonly number[]): ChannelValue & { readonly pieces: readonly SegmentPiece[] } => {
    const segments = sizes.map((size, n) => makeSegment(noise(n, size)));
    const pieces = segments.map(
      ({ id, content }): SegmentPiece => ({ segment: id, start: 0, length: content.length, of: content.length }),
    );
    return { type: "t", bytes: ValueBytes.of(Buffer.concat(segments.map(({ content }) => content))), pieces };
  };
  const encodedAgain = async (value: ChannelValue): Promise<readonly SegmentPiece[]> =>
    segmentPieces((await inTurns(encodeValue)("t", value.bytes, value)).value);

  it("is let be up to 128", async () => {
    const value = inSegments(Array.from({ length: 128 }, () => 9000));
    expect(await encodedAgain(value)).toEqual(value.pieces);
  });

  it("has the most neighbours that fit in 256 KiB joined", async () => {
    // 29 of 9,000 bytes fit. Shorter ones, that more of fit, stand in the middle, between longer ones that do not fit at all.
    const sizes = [
      ...Array<number>(60).fill(9000),
      300_000,
      ...Array<number>(31).fill(8192),
      300_000,
      ...Array<number>(60).fill(9000),
    ];
    const value = inSegments(sizes);
    const joined = await encodedAgain(value);
    expect(joined).toHaveLength(sizes.length - 30);
    expect(joined[61]).toMatchObject({ start: 0, length: 31 * 8192, of: 31 * 8192 });
    expect(joined.toSpliced(61, 1)).toEqual(value.pieces.toSpliced(61, 31));
  });

  it("is let be where no two of them fit", async () => {
    const value = inSegments(Array.from({ length: 140 }, () => 140_000));
    expect(await encodedAgain(value)).toEqual(value.pieces);
  });

  it("is stored anew beyond 256, even so", async () => {
    const pieces = await encodedAgain(inSegments(Array.from({ length: 257 }, () => 140_000)));
    expect(pieces).toHaveLength(32);
    expect(pieces.every(({ start, length, of }) => start === 0 && length === of)).toBe(true);
  });
});

/** Appends as LangGraph does: the closing bracket moves. */
async function append(
  history: History,
  count: number,
  size: number,
): Promise<{ stored: number; mostPieces: number; mostRead: number }> {
  let bytes = Buffer.from("[]");
  let [stored, mostPieces, mostRead] = [0, 0, 0];
  for (let i = 0; i < count; i += 1) {
    bytes = Buffer.concat([bytes.subarray(0, -1), noise(i, size), Buffer.from("]")]);
    const { value, created } = await encode(bytes, history.last);
    history.last = value;
    for (const segment of created) {
      if (!history.segments.has(segment.id)) stored += segment.content.length;
      history.segments.set(segment.id, segment);
    }
    mostPieces = Math.max(mostPieces, value.pieces?.length ?? 0);
    mostRead = Math.max(mostRead, history.readBytes / bytes.length);
  }
  expect(history.read(history.last as ChannelValue).equals(bytes)).toBe(true);
  return { stored, mostPieces, mostRead };
}

describe("a list that grows at its end", () => {
  it("costs what is new, copied once, and stays in few pieces", async () => {
    const [small, large] = [await append(new History(), 1100, 300), await append(new History(), 2200, 300)];
    expect(large.mostPieces).toBeLessThanOrEqual(2200 / 32 + 32);
    expect(large.mostRead).toBeLessThan(1.1);
    expect(large.stored / small.stored).toBeLessThanOrEqual(2.05);
    // With the bracket behind each.
    expect(large.stored).toBeLessThanOrEqual(2 * 2200 * 302);
  });

  it("is never joined to more than 256 KiB, and a long one costs no more than it was copied once again", async () => {
    const history = new History();
    const { stored, mostPieces } = await append(history, 600, 9000);
    expect(mostPieces).toBeLessThanOrEqual(129);
    expect(Math.max(...Array.from(history.segments.values(), ({ content }) => content.length))).toBeLessThanOrEqual(256 * 1024);
    expect(stored).toBeLessThanOrEqual(2 * 600 * 9001);
  });
});

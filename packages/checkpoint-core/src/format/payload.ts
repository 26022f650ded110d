import { DeserializationError } from "../errors.js";
import type { SegmentReader } from "./segment-reader.js";
import type { ChannelValue, Piece } from "./value.js";
import { ValueBytes } from "./value-bytes.js";

/**
 * Several values with a JSON header, as one run of bytes: `[header length: u32][header][inline bytes of the values, end to end]`.
 *
 * In the header a value is `[type, n]` (n inline bytes) or `[type, [a, b, c, …]]`, pieces in triples; `link` is a position in the links:
 * - `link, start, length`: one piece;
 * - `-1, 0, length`: so many inline bytes;
 * - `link, -n, trim`: n segments from that position on, each whole but for its last `trim` bytes. A list that grew by appending is one such run (the
 *   closing bracket of each but the last was overwritten), so its growth changes one number.
 */
export type ValueEntry = readonly [type: string, where: number | readonly number[]];

const INLINE = -1;

/** Collects values for one payload, and the segments they refer to. */
export class PayloadWriter {
  readonly #linkPositions: Map<string, number>;
  readonly #inline: Buffer[] = [];

  /** @param links segments that the reader will know by position beforehand. */
  constructor(links: readonly string[] = []) {
    this.#linkPositions = new Map(links.map((link, position) => [link, position]));
  }

  add(value: ChannelValue): ValueEntry {
    if (value.pieces === undefined) {
      this.#inline.push(value.bytes.toBuffer());
      return [value.type, value.bytes.length];
    }
    const triples: [link: number, start: number, length: number][] = [];
    let offset = 0;
    for (const piece of value.pieces) {
      const start = offset;
      offset += piece.length;
      if (piece.segment === undefined) {
        this.#inline.push(value.bytes.subarray(start, offset));
        triples.push([INLINE, 0, piece.length]);
        continue;
      }
      const link = this.#position(piece.segment);
      const trim = piece.of - piece.length;
      const last = triples.at(-1);
      if (piece.start !== 0 || trim > 1) triples.push([link, piece.start, piece.length]);
      else if (last !== undefined && last[1] < 0 && last[2] === trim && last[0] - last[1] === link) last[1] -= 1;
      else triples.push([link, -1, trim]);
    }
    return [value.type, triples.flat()];
  }

  #position(segment: string): number {
    const known = this.#linkPositions.get(segment);
    if (known !== undefined) return known;
    this.#linkPositions.set(segment, this.#linkPositions.size);
    return this.#linkPositions.size - 1;
  }

  /** All links, those given beforehand first. */
  get links(): string[] {
    return [...this.#linkPositions.keys()];
  }

  write(header: unknown): Buffer {
    const text = JSON.stringify(header);
    const length = Buffer.byteLength(text);
    const bytes = Buffer.allocUnsafe(this.#inline.reduce((sum, inline) => sum + inline.length, 4 + length));
    bytes.writeUInt32LE(length);
    let at = 4 + bytes.write(text, 4);
    for (const inline of this.#inline) at += inline.copy(bytes, at);
    return bytes;
  }
}

/** Reads the values of a payload in the order in which they were added. */
export class PayloadReader {
  readonly header: unknown;
  readonly #content: Buffer;
  readonly #links: readonly string[];
  readonly #segments: SegmentReader;
  #inlineOffset: number;
  #bytes = 0;

  constructor(content: Buffer, links: readonly string[], segments: SegmentReader) {
    try {
      const headerEnd = 4 + content.readUInt32LE(0);
      const text = content.toString("utf8", 4, headerEnd);
      if (isTooDeep(text)) throw new DeserializationError("A stored header is nested too deep.");
      this.header = JSON.parse(text);
      this.#inlineOffset = headerEnd;
    } catch {
      // Without its cause, which prints what is stored.
      throw new DeserializationError("Stored bytes are damaged.");
    }
    this.#content = content;
    this.#links = links;
    this.#segments = segments;
    segments.beginPut();
  }

  /**
   * @throws DeserializationError when the entry is not one that {@link PayloadWriter} makes, or the value, or all of them, are longer than the reader's limits.
   */
  next(entry: ValueEntry): ChannelValue {
    const value = this.#value(entry);
    const { maxPutBytes } = this.#segments.limits;
    this.#bytes += value.bytes.length;
    if (this.#bytes > maxPutBytes) throw new DeserializationError(`Stored values come to more than ${maxPutBytes} bytes.`);
    return value;
  }

  #value(entry: ValueEntry): ChannelValue {
    if (!isEntry(entry)) throw new DeserializationError("A stored value has no place.");
    const [type, where] = entry;
    if (typeof where === "number") return { type, bytes: ValueBytes.of(this.#nextInline(where)), pieces: undefined };
    this.#segments.beginValue();
    const { maxValueBytes } = this.#segments.limits;
    const pieces: Piece[] = [];
    const parts: Buffer[] = [];
    let total = 0;
    const push = (piece: Piece, part: Buffer): void => {
      total += part.length;
      // A few bytes can name one segment a thousand times.
      if (total > maxValueBytes) throw new DeserializationError(`A stored value has more than ${maxValueBytes} bytes.`);
      pieces.push(piece);
      parts.push(part);
    };
    const add = (position: number, start: number, lengthOf: (segmentLength: number) => number): void => {
      const segment = this.#links[position];
      if (segment === undefined)
        throw new DeserializationError("A stored value points to a segment that its record does not name.");
      const content = this.#segments.content(segment);
      const length = lengthOf(content.length);
      if (length < 0 || start + length > content.length)
        throw new DeserializationError(`Segment ${segment} is shorter than a stored value says.`);
      push({ segment, start, length, of: content.length }, content.subarray(start, start + length));
    };
    for (let at = 0; at < where.length; at += 3) {
      const [position, start, length] = where.slice(at, at + 3) as [number, number, number];
      if (position === INLINE) push({ length }, this.#nextInline(length));
      else if (start >= 0) add(position, start, () => length);
      else for (let next = 0; next < -start; next += 1) add(position + next, 0, (segmentLength) => segmentLength - length);
    }
    const [only] = parts;
    return { type, bytes: ValueBytes.of(parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)), pieces };
  }

  #nextInline(length: number): Buffer {
    if (!isCount(length)) throw new DeserializationError("A stored value has no length.");
    const bytes = this.#content.subarray(this.#inlineOffset, this.#inlineOffset + length);
    this.#inlineOffset += length;
    if (bytes.length !== length) throw new DeserializationError("A stored value is shorter than its record says.");
    return bytes;
  }
}

function isEntry(entry: unknown): entry is ValueEntry {
  if (!Array.isArray(entry)) return false;
  const [type, where] = entry as unknown[];
  if (typeof type !== "string") return false;
  return isCount(where) || (Array.isArray(where) && where.length % 3 === 0 && where.every(Number.isInteger));
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** Headers of ours have five levels. Those who go through what is read, LangGraph's savers among them, call themselves for each. */
const MAX_HEADER_DEPTH = 500;

/** Whether JSON is nested too deep. Short text cannot be: a level takes two characters. */
function isTooDeep(json: string): boolean {
  if (json.length < 2 * MAX_HEADER_DEPTH) return false;
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > MAX_HEADER_DEPTH) return true;
  }
  return false;
}

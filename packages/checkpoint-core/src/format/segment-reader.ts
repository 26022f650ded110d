import { DeserializationError } from "../errors.js";
import { decompress, decompressElsewhere, dictionaryLength, isLongAlone, MAX_INFLATED_BYTES, someAtOnce } from "./compression.js";
import { own } from "./own.js";
import { type Segment, type SegmentWithContent, segmentId } from "./segment.js";
import { breathe } from "./turn.js";

/** Sizes above which nothing is stored or read, in bytes (contract C-65). */
export interface SizeLimits {
  /** Of one serialized channel value. */
  readonly maxValueBytes: number;
  /** Of a checkpoint, or of the writes of one `putWrites`: of all their serialized values, with the metadata of a checkpoint. */
  readonly maxPutBytes: number;
}

/** What no saver goes beyond. */
const MOST: SizeLimits = { maxValueBytes: 512 * 1024 * 1024, maxPutBytes: 1024 * 1024 * 1024 };

/** Opens segments on demand, each once, with the segments that they need, and holds each to its name. */
export class SegmentReader {
  readonly #stored: ReadonlyMap<string, Segment>;
  readonly #contents = new Map<string, Buffer>();
  readonly limits: SizeLimits;
  /** Those that are being opened, each needed by the one before it. */
  readonly #opening = new Set<string>();
  /** Those that were opened before anybody asked for them. */
  readonly #ahead = new Map<string, Buffer>();
  readonly #opened = { forPut: 0, forValue: 0 };

  constructor(stored: ReadonlyMap<string, Segment>, limits: SizeLimits = MOST) {
    this.#stored = stored;
    this.limits = limits;
  }

  /** Says that what is opened next is for another checkpoint, or for other writes. */
  beginPut(): void {
    this.#opened.forPut = this.#opened.forValue = 0;
  }

  /** Says that what is opened next is for another value. */
  beginValue(): void {
    this.#opened.forValue = 0;
  }

  /** Opens what is long at once, on the threads of libuv's pool: 10 MB would keep this one for 30 to 60 ms. */
  static open(stored: ReadonlyMap<string, Segment>, limits?: SizeLimits): SegmentReader | Promise<SegmentReader> {
    const reader = new SegmentReader(stored, limits);
    const long: Segment[] = [];
    for (const segment of stored.values()) if (isLongAlone(segment.body)) long.push(segment);
    return long.length === 0 ? reader : reader.#openElsewhere(long);
  }

  async #openElsewhere(segments: readonly Segment[]): Promise<this> {
    let left = mostOpened(this.limits.maxValueBytes);
    await someAtOnce(segments, async ({ id, links, body }) => {
      const content = left > 0 ? await decompressElsewhere(body) : undefined;
      if (content === undefined) return;
      left -= content.length;
      await breathe(content.length);
      // Where it is damaged, or does not have its name, who needs it says so.
      if (segmentId(links, content) === id) this.#ahead.set(id, content);
    });
    return this;
  }

  /**
   * @throws DeserializationError when the store did not return the segment.
   */
  segment(id: string): Segment {
    const segment = this.#stored.get(id);
    if (segment === undefined) throw new DeserializationError(`Segment ${id} is missing from the store: was it deleted by hand?`);
    return segment;
  }

  /** For long: it holds no more memory than it counts ({@link heldBytes}). */
  withContent(id: string): SegmentWithContent {
    const { links, body } = this.segment(id);
    return { id, links, body: own(body), content: own(this.content(id)) };
  }

  content(id: string): Buffer {
    const known = this.#contents.get(id);
    if (known !== undefined) return known;
    const content = this.#ahead.get(id) ?? this.#open(id);
    const { forPut, forValue } = this.#opened;
    this.#opened.forPut = count(forPut + content.length, this.limits.maxPutBytes);
    this.#opened.forValue = count(forValue + content.length, this.limits.maxValueBytes);
    this.#contents.set(id, content);
    return content;
  }

  #open(id: string): Buffer {
    const { body, links } = this.segment(id);
    if (this.#opening.has(id)) throw new DeserializationError(`Segment ${id} is damaged: it needs itself.`);
    this.#opening.add(id);
    let content: Buffer;
    try {
      content = decompress(
        body,
        links.slice(0, dictionaryLength(body)).map((link) => this.content(link)),
      );
    } finally {
      this.#opening.delete(id);
    }
    if (segmentId(links, content) !== id)
      throw new DeserializationError(`Segment ${id} is damaged: its name is a hash of another content.`);
    return content;
  }
}

/** Of each of its segments, a value uses at least half, but for what they are compressed against. */
function mostOpened(maxBytes: number): number {
  return 2 * maxBytes + MAX_INFLATED_BYTES;
}

function count(openedBytes: number, maxBytes: number): number {
  if (openedBytes <= mostOpened(maxBytes)) return openedBytes;
  throw new DeserializationError(`Stored segments inflate to more than the limit of ${maxBytes} bytes allows.`);
}

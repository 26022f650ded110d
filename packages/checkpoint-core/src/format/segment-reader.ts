import { DeserializationError } from "../errors.js";
import { decompress, decompressElsewhere, dictionaryLength, isLongAlone, MAX_INFLATED_BYTES, someAtOnce } from "./compression.js";
import { own } from "./own.js";
import { type Segment, type SegmentWithContent, segmentId } from "./segment.js";
import { breathe } from "./turn.js";

/** Opens segments on demand, each once, with the segments that they need, and holds each to its name. */
export class SegmentReader {
  readonly #stored: ReadonlyMap<string, Segment>;
  readonly #contents = new Map<string, Buffer>();
  /** The longest value that is read, in bytes. */
  readonly maxValueBytes: number;
  /** Those that are being opened, each needed by the one before it. */
  readonly #opening = new Set<string>();
  #openedBytes = 0;

  /** @param maxValueBytes the longest value that is read. Default: the most that any saver takes, 512 MiB. */
  constructor(stored: ReadonlyMap<string, Segment>, maxValueBytes = 512 * 1024 * 1024) {
    this.#stored = stored;
    this.maxValueBytes = maxValueBytes;
  }

  /** Says that what is opened next is for another value. */
  beginValue(): void {
    this.#openedBytes = 0;
  }

  /** Opens what is long at once, on the threads of libuv's pool: 10 MB would keep this one for 30 to 60 ms. */
  static open(stored: ReadonlyMap<string, Segment>, maxValueBytes?: number): SegmentReader | Promise<SegmentReader> {
    const reader = new SegmentReader(stored, maxValueBytes);
    const long: Segment[] = [];
    for (const segment of stored.values()) if (isLongAlone(segment.body)) long.push(segment);
    return long.length === 0 ? reader : reader.#openElsewhere(long);
  }

  async #openElsewhere(segments: readonly Segment[]): Promise<this> {
    await someAtOnce(segments, async ({ id, links, body }) => {
      const content = await decompressElsewhere(body);
      if (content === undefined) return;
      await breathe(content.length);
      // Where it is damaged, or does not have its name, who needs it says so.
      if (segmentId(links, content) === id) this.#contents.set(id, content);
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
    const { body, links } = this.segment(id);
    if (this.#opening.has(id)) throw new DeserializationError(`Segment ${id} is damaged: it needs itself.`);
    this.#opening.add(id);
    let content: Buffer;
    try {
      content = this.#open(body, links);
    } finally {
      this.#opening.delete(id);
    }
    if (segmentId(links, content) !== id)
      throw new DeserializationError(`Segment ${id} is damaged: its name is a hash of another content.`);
    this.#contents.set(id, content);
    return content;
  }

  #open(body: Buffer, links: readonly string[]): Buffer {
    const dictionary = links.slice(0, dictionaryLength(body)).map((link) => this.content(link));
    const content = decompress(body, dictionary);
    this.#openedBytes += content.length;
    // A value uses at least half of each of its segments, but for what they are compressed against.
    if (this.#openedBytes > 2 * this.maxValueBytes + MAX_INFLATED_BYTES) {
      throw new DeserializationError(
        `The segments of a stored value inflate to more than its limit of ${this.maxValueBytes} bytes allows.`,
      );
    }
    return content;
  }
}

import { createHash } from "node:crypto";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { FROZEN_DICTIONARY } from "./dictionary.js";
import { DeserializationError } from "./errors.js";

/**
 * An immutable run of bytes, stored once per thread under a hash of what it says, like an object in git.
 *
 * Content addressing is what makes forks, concurrent runs and retries safe: two writers cannot give one id different content.
 */
export interface Segment {
  /** {@link segmentId} as 32 hex digits. */
  readonly id: string;
  /** Other segments of the thread that are needed to read this one, or what this one points to. */
  readonly links: readonly string[];
  /** The content, sealed: see {@link seal}. */
  readonly body: Buffer;
}

/** A segment with its content. */
export interface OpenSegment extends Segment {
  readonly content: Buffer;
}

/** Bytes of a segment id. 128 bits: a collision within one thread would take about 2^64 tries by someone who attacks their own thread. */
export const SEGMENT_ID_BYTES = 16;

const RAW = 0;
/** Deflated with {@link FROZEN_DICTIONARY} and then the content of the first `n` links as preset dictionary; `n` is the byte that follows. */
const DEFLATED = 1;

/**
 * Larger content is stored as it is: deflate runs at some 60 MB/s here, on the thread that runs the graphs, so 256 KiB block it for about 4 ms.
 */
const MAX_DEFLATED_BYTES = 256 * 1024;
/** deflate cannot look back further, so a longer dictionary is of no use. */
const WINDOW_BYTES = 32 * 1024;

/**
 * The name of a segment: a hash of its links and its content.
 *
 * The links count because the content of a keyframe points into them by position.
 */
export function segmentId(links: readonly string[], content: Uint8Array): string {
  const hash = createHash("sha256");
  for (const link of links) hash.update(Buffer.from(link, "hex"));
  return hash.update(content).digest("hex").slice(0, 2 * SEGMENT_ID_BYTES);
}

/**
 * Encodes bytes for storage, compressed when that is smaller.
 *
 * @param dictionary what the content probably repeats; the same must be given to {@link open}.
 */
export function seal(content: Buffer, dictionary: readonly Buffer[] = []): Buffer {
  if (content.length <= MAX_DEFLATED_BYTES) {
    const deflated = deflateRawSync(content, { level: constants.Z_BEST_SPEED + 2, dictionary: dictionaryBytes(dictionary) });
    if (deflated.length + 1 < content.length) return Buffer.concat([Buffer.of(DEFLATED, dictionary.length), deflated]);
  }
  return Buffer.concat([Buffer.of(RAW, 0), content]);
}

/** How many of its first links a sealed body was compressed against. */
export function dictionaryLength(sealed: Buffer): number {
  return sealed[0] === DEFLATED ? (sealed[1] as number) : 0;
}

/**
 * The inverse of {@link seal}.
 *
 * @throws DeserializationError when the bytes are of another format or damaged.
 */
export function open(sealed: Buffer, dictionary: readonly Buffer[] = []): Buffer {
  const [codec] = sealed;
  const body = sealed.subarray(2);
  if (codec === RAW) return body;
  if (codec !== DEFLATED) throw new DeserializationError(`Stored bytes have the unknown encoding ${codec}: were they written by a newer version?`);
  try {
    return inflateRawSync(body, { dictionary: dictionaryBytes(dictionary) });
  } catch (cause) {
    throw new DeserializationError("Stored bytes are damaged.", { cause });
  }
}

function dictionaryBytes(parts: readonly Buffer[]): Buffer {
  if (parts.length === 0) return FROZEN_DICTIONARY;
  const all = Buffer.concat([FROZEN_DICTIONARY, ...parts]);
  return all.length <= WINDOW_BYTES ? all : all.subarray(all.length - WINDOW_BYTES);
}

/**
 * A new segment of this content.
 *
 * @param related segments of the same thread that the content may repeat. They become links, and a preset dictionary, where that saves more than
 *   the links cost.
 */
export function makeSegment(content: Buffer, related: readonly OpenSegment[] = []): OpenSegment {
  const plain = seal(content);
  if (related.length > 0 && content.length <= WINDOW_BYTES) {
    const body = seal(
      content,
      related.map((segment) => segment.content),
    );
    if (body.length + related.length * SEGMENT_ID_BYTES < plain.length - WORTHWHILE_BYTES) {
      const links = related.map((segment) => segment.id);
      return { id: segmentId(links, content), links, body, content };
    }
  }
  return { id: segmentId([], content), links: [], body: plain, content };
}

/** A segment that is an earlier record: its links are what it points to, not what it is compressed against. */
export function makeKeyframe(links: readonly string[], content: Buffer): OpenSegment {
  return { id: segmentId(links, content), links, body: seal(content), content };
}

/** Reading a segment with links costs further rows, so a few bytes saved are not worth it. */
const WORTHWHILE_BYTES = 64;

/** Opens segments on demand, each once, with the segments that they need. */
export class SegmentReader {
  readonly #stored: ReadonlyMap<string, Segment>;
  readonly #opened = new Map<string, Buffer>();

  constructor(stored: ReadonlyMap<string, Segment>) {
    this.#stored = stored;
  }

  /**
   * @throws DeserializationError when the store did not return the segment.
   */
  segment(id: string): Segment {
    const segment = this.#stored.get(id);
    if (segment === undefined) throw new DeserializationError(`Segment ${id} is missing from the store: was it deleted by hand?`);
    return segment;
  }

  content(id: string): Buffer {
    const known = this.#opened.get(id);
    if (known !== undefined) return known;
    const { body, links } = this.segment(id);
    const needed = links.slice(0, dictionaryLength(body));
    const content = open(
      body,
      needed.map((link) => this.content(link)),
    );
    this.#opened.set(id, content);
    return content;
  }
}

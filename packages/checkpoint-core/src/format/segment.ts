import { hash } from "node:crypto";
import { promisify } from "node:util";
import { constants, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync, type ZlibOptions } from "node:zlib";
import { DeserializationError } from "../errors.js";
import { FROZEN_DICTIONARY } from "./dictionary.js";
import { copyOf, own } from "./own.js";
import { breathe } from "./turn.js";

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
  /** The content, compressed: see {@link compress} and {@link compressed}. */
  readonly body: Buffer;
}

/** A segment with its content. */
export interface SegmentWithContent extends Segment {
  readonly content: Buffer;
  /** Whether the store has acknowledged it, so that what links to it can go there alone. */
  readonly isStored?: boolean;
}

/** Of an id, an object, and buffers. */
const SEGMENT_OVERHEAD_BYTES = 640;
const LINK_BYTES = 64;

/** What a segment holds of memory, in bytes. */
export function heldBytes({ links, body, content }: SegmentWithContent): number {
  const isView = body.buffer === content.buffer;
  return SEGMENT_OVERHEAD_BYTES + LINK_BYTES * links.length + content.length + (isView ? 0 : body.length);
}

/** Bytes of a segment id. 128 bits: a collision within one thread would take about 2^64 tries by someone who attacks their own thread. */
export const SEGMENT_ID_BYTES = 16;

/**
 * A body begins with its codec and with the number of its first links that are needed to read it, a byte each. What follows is the codec's; the second byte is
 * the same in all, since stores look at it. 2 is for encrypted bodies: `[2][n][key version: u16][nonce: 12][encrypted codec and bytes][tag: 16]`.
 */
const RAW = 0;
/** Deflated with {@link FROZEN_DICTIONARY} and then the content of the first `n` links as preset dictionary. */
const DEFLATED = 1;
const HEADER_BYTES = 2;

/** Longest content of a segment: the 32nd part of the longest value. A damaged or planted body may inflate to a thousand times its length. */
const MAX_INFLATED_BYTES = 16 * 1024 * 1024;
/** A record that is larger is stored as it is: deflate, even at its fastest, runs at some 60 MB/s here, on the thread that runs the graphs. */
const MAX_DEFLATED_BYTES = 256 * 1024;
/**
 * Up to here it is worth 3 ms in place of 1 ms (of 64 KiB of text) to store a tenth less: the usual size of 32 messages that become one segment. Segments
 * of more are compressed on other threads.
 */
const MAX_WELL_DEFLATED_BYTES = 64 * 1024;
/** For what is short: 16 KiB of dictionary take 96 us in place of 167 for 32 KiB, and save almost as much. A window of 4 KiB spares 15 us of set-up. */
const SHORT_WINDOW_BITS = 14;
const MIN_WINDOW_BITS = 12;
/** deflate looks back by this much less than its window (`MIN_LOOKAHEAD` in zlib). */
const UNUSED_WINDOW_BYTES = 262;
/** deflate cannot look back further, so a longer dictionary is of no use. */
const WINDOW_BYTES = 32 * 1024;

/**
 * The name of a segment: a hash of its links and its content.
 *
 * The links count because the content of a keyframe points into them by position. With links, the name is the other half of a hash: else content that
 * reads as a hash and links would have one name with what these stand for. In one go, since a name is checked at each reading: 0.3 us in place of 1.
 */
export function segmentId(links: readonly string[], content: Uint8Array): string {
  const digest = hash("sha256", content, "hex");
  if (links.length === 0) return digest.slice(0, 2 * SEGMENT_ID_BYTES);
  return hash("sha256", `${digest}${links.join("")}`, "hex").slice(2 * SEGMENT_ID_BYTES);
}

/**
 * Encodes bytes for storage, compressed when that is smaller.
 *
 * @param dictionary what the content probably repeats; the same must be given to {@link decompress}.
 */
export function compress(content: Buffer, dictionary: readonly Buffer[] = []): Buffer {
  if (content.length > MAX_DEFLATED_BYTES) return uncompressed(content);
  return smallerOf(content, deflateRawSync(content, deflateOptions(content, dictionary)), dictionary.length);
}

function uncompressed(content: Buffer): Buffer {
  return copyOf([Buffer.of(RAW, 0), content], 2 + content.length);
}

function smallerOf(content: Buffer, deflated: Buffer, dictionaryLength: number): Buffer {
  return deflated.length + 1 < content.length
    ? copyOf([Buffer.of(DEFLATED, dictionaryLength), deflated], 2 + deflated.length)
    : uncompressed(content);
}

function deflateOptions({ length }: Buffer, parts: readonly Buffer[]): ZlibOptions {
  const level = length <= MAX_WELL_DEFLATED_BYTES ? constants.Z_DEFAULT_COMPRESSION : constants.Z_BEST_SPEED;
  const dictionary = dictionaryBytes(parts);
  return {
    level,
    dictionary,
    windowBits: windowBitsFor(length, dictionary.length),
    chunkSize: chunkSizeFor(Math.ceil(length / 2)),
  };
}

/** Least and most that zlib writes to at a time, in bytes. */
const [MIN_CHUNK_BYTES, MAX_CHUNK_BYTES] = [256, 64 * 1024];

/**
 * zlib's default is 16 KiB, and what it gives is a view of that: 200 bytes that a cache holds would hold 16 KiB with them, and be counted as 200.
 *
 * @param length of what it will probably give, in bytes. Where it is more, zlib goes on with another chunk.
 */
function chunkSizeFor(length: number): number {
  return Math.min(Math.max(length, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
}

/** Text of a conversation becomes a third to a fifth of itself. */
const USUAL_SHRINKAGE = 4;

/** deflate sets up as much memory as its window is large, and enters all of a dictionary that the window holds. Who inflates need not know. */
function windowBitsFor(length: number, dictionaryLength: number): number {
  const most = length < MAX_LINKING_BYTES ? SHORT_WINDOW_BITS : constants.Z_MAX_WINDOWBITS;
  let bits = MIN_WINDOW_BITS;
  while (bits < most && 2 ** bits < length + dictionaryLength + UNUSED_WINDOW_BYTES) bits += 1;
  return bits;
}

/** How many of its first links a body was compressed against. */
export function dictionaryLength(body: Buffer): number {
  return body[1] ?? 0;
}

/** @throws DeserializationError when the bytes are of another format, or too short to be of any. */
export function refuseUnknownCodec(body: Buffer): void {
  if (body.length < HEADER_BYTES) throw new DeserializationError("Stored bytes are damaged: they are cut short.");
  if (body[0] !== RAW && body[0] !== DEFLATED)
    throw new DeserializationError(`Stored bytes have the unknown encoding ${body[0]}: were they written by a newer version?`);
}

/**
 * The inverse of {@link compress}.
 *
 * @throws DeserializationError when the bytes are of another format or damaged.
 */
export function decompress(stored: Buffer, dictionary: readonly Buffer[] = []): Buffer {
  refuseUnknownCodec(stored);
  const body = stored.subarray(HEADER_BYTES);
  if (stored[0] === RAW) return body;
  try {
    const chunkSize = chunkSizeFor(USUAL_SHRINKAGE * body.length);
    return inflateRawSync(body, { dictionary: dictionaryBytes(dictionary), chunkSize, maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new DeserializationError(`Stored bytes are damaged, or inflate to more than ${MAX_INFLATED_BYTES} bytes.`, { cause });
  }
}

function dictionaryBytes(parts: readonly Buffer[]): Buffer {
  if (parts.length === 0) return FROZEN_DICTIONARY;
  const all = Buffer.concat([FROZEN_DICTIONARY, ...parts]);
  return all.length <= WINDOW_BYTES ? all : all.subarray(all.length - WINDOW_BYTES);
}

/** What the content of a new segment may repeat: segments of the same thread. */
export interface Repeatable {
  /** Segments of which whole parts may stand in it: pending writes, the input. */
  readonly verbatim: readonly SegmentWithContent[];
  /** What was said in the thread before: the same words and names. */
  readonly context: SegmentWithContent | undefined;
  /** Ids of segments that an earlier value may be made of, but may still be on their way: only those among `verbatim` can be used, and are sent along. */
  readonly inFlight?: ReadonlySet<string> | undefined;
}

export const NOTHING_TO_REPEAT: Repeatable = { verbatim: [], context: undefined };

/**
 * A new segment of this content. It is compressed against other segments, which then are its links, where that saves more than the links cost. Long
 * content is not compressed yet: see {@link compressed}.
 */
export function makeSegment(content: Buffer, { verbatim, context }: Repeatable = NOTHING_TO_REPEAT): SegmentWithContent {
  if (content.length > MAX_WELL_DEFLATED_BYTES) {
    const body = uncompressed(content);
    return { id: segmentId([], content), links: [], body, content: decompress(body) };
  }
  let best: Candidate | undefined;
  for (const dictionary of content.length < MAX_LINKING_BYTES ? dictionariesFor(content, verbatim, context) : [[]]) {
    const candidate = compressAgainst(content, dictionary);
    if (best === undefined || candidate.cost < best.cost) best = candidate;
    if (best.cost <= content.length * MUCH_SMALLER) break;
  }
  const { links, body } = best as Candidate;
  return { id: segmentId(links, content), links, body, content: own(content) };
}

/** Of more, only the newest are looked for, so that many small channels take no longer each than few. There is room for 255 links to a dictionary. */
const MOST_SHORT_VERBATIM = 64;

/** What the content may shrink against, the most likely first, and nothing in the end. */
function dictionariesFor(
  content: Buffer,
  verbatim: Repeatable["verbatim"],
  context: Repeatable["context"],
): SegmentWithContent[][] {
  const short = verbatim.filter((segment) => segment.content.length < MAX_LINKING_BYTES).slice(0, MOST_SHORT_VERBATIM);
  const repeated = short.filter((segment) => haveMatch(content, segment.content));
  return [...[repeated, context === undefined ? [] : [context]].filter(({ length }) => length > 0), []];
}

interface Candidate extends Pick<Segment, "links" | "body"> {
  /** In bytes. */
  readonly cost: number;
}

function compressAgainst(content: Buffer, dictionary: readonly SegmentWithContent[]): Candidate {
  const links = dictionary.map(({ id }) => id);
  const body = compress(
    content,
    dictionary.map((segment) => segment.content),
  );
  return { links, body, cost: body.length + (links.length === 0 ? 0 : LINKED_COST_BYTES + links.length * SEGMENT_ID_BYTES) };
}

/** A list of links has 24 bytes of its own, and reading a segment with links costs further rows. */
const LINKED_COST_BYTES = 64;
/** What shrinks to so much of itself is not tried in other ways, each of which takes 40 to 100 us. */
const MUCH_SMALLER = 1 / 3;

const deflateElsewhere = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);
/** Each segment is compressed once, though it may be sent twice: with a task's write, and with the checkpoint that repeats it. */
const bodies = new WeakMap<SegmentWithContent, Promise<Buffer>>();

/** So many segments are compressed or opened at once: each takes up to 0.4 MB beside its content, and libuv has 4 threads. */
const MOST_AT_ONCE = 8;

async function someAtOnce<T, Result>(items: readonly T[], work: (item: T) => Result | Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += MOST_AT_ONCE)
    results.push(...(await Promise.all(items.slice(at, at + MOST_AT_ONCE).map(work))));
  return results;
}

/** The segments as they are to be stored: those of long content are compressed, on the threads of libuv's pool. */
export function compressed(segments: readonly SegmentWithContent[]): Promise<Segment[]> {
  return someAtOnce(segments, async (segment) => ({
    id: segment.id,
    links: segment.links,
    body: await compressedBody(segment),
  }));
}

function compressedBody(segment: SegmentWithContent): Buffer | Promise<Buffer> {
  const { content, body } = segment;
  if (content.length <= MAX_WELL_DEFLATED_BYTES) return body;
  const known = bodies.get(segment);
  if (known !== undefined) return known;
  const compressing = deflateElsewhere(content, deflateOptions(content, [])).then((deflated) => smallerOf(content, deflated, 0));
  bodies.set(segment, compressing);
  return compressing;
}

const PROBE_BYTES = 24;

/** Whether one of a few samples of `other` stands in `content`. */
function haveMatch(content: Buffer, other: Buffer): boolean {
  return [0.2, 0.4, 0.6, 0.8].some((part) => {
    const start = Math.floor(other.length * part);
    return content.includes(other.subarray(start, start + PROBE_BYTES));
  });
}

/**
 * Only smaller segments are compressed against others; larger ones, such as the results of merges, stand alone. So chains of links are short: a
 * message, the pending write it came from, the input that it repeats, and the context.
 */
export const MAX_LINKING_BYTES = 8 * 1024;

/**
 * The new segments, and with them those of `candidates` that can be reached from them and are not stored yet: these may be on their way in another
 * statement, and what is stored must be readable whether or not that one succeeds.
 */
export function withLinked(
  created: ReadonlyMap<string, SegmentWithContent>,
  candidates: readonly SegmentWithContent[],
): SegmentWithContent[] {
  const byId = new Map(candidates.filter(({ isStored }) => !isStored).map((segment) => [segment.id, segment]));
  const all = new Map(created);
  // A Map goes on to what is added while it is walked.
  for (const { links } of all.values()) {
    for (const link of links) {
      const linked = byId.get(link);
      if (linked !== undefined && !all.has(link)) all.set(link, linked);
    }
  }
  return [...all.values()];
}

/** Whether anything that has links has some to others than these segments. */
export function linksElsewhere(linking: readonly { readonly links: readonly string[] }[], segments: readonly Segment[]): boolean {
  const own = new Set(segments.map(({ id }) => id));
  return linking.some(({ links }) => links.some((link) => !own.has(link)));
}

/** A segment that is an earlier record: its links are what it points to, not what it is compressed against. */
export function makeKeyframe(links: readonly string[], content: Buffer): SegmentWithContent {
  return { id: segmentId(links, content), links, body: compress(content), content: own(content) };
}

const inflateElsewhere = promisify<Buffer, ZlibOptions, Buffer>(inflateRaw);
/** Compressed. Shorter ones take less time than it takes to ask another thread. */
const MIN_OPENED_ELSEWHERE_BYTES = 32 * 1024;

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
  static async open(stored: ReadonlyMap<string, Segment>, maxValueBytes?: number): Promise<SegmentReader> {
    const reader = new SegmentReader(stored, maxValueBytes);
    const long = [...stored.values()].filter(
      ({ body }) => body.length > MIN_OPENED_ELSEWHERE_BYTES && body[0] === DEFLATED && dictionaryLength(body) === 0,
    );
    await someAtOnce(long, async ({ id, links, body }) => {
      try {
        const content = await inflateElsewhere(body.subarray(HEADER_BYTES), {
          dictionary: FROZEN_DICTIONARY,
          maxOutputLength: MAX_INFLATED_BYTES,
        });
        await breathe();
        if (segmentId(links, content) === id) reader.#contents.set(id, content);
      } catch {
        // It is damaged, as is one that does not have its name. Who needs it says so.
      }
    });
    return reader;
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

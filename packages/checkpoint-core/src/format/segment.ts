import { hash } from "node:crypto";
import {
  compress,
  compressElsewhere,
  decompress,
  MAX_LINKING_BYTES,
  MAX_WELL_DEFLATED_BYTES,
  someAtOnce,
  uncompressed,
} from "./compression.js";
import { own } from "./own.js";

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
  // Where it was not compressed.
  const isView = body.buffer === content.buffer && body.byteOffset + body.length === content.byteOffset + content.length;
  return SEGMENT_OVERHEAD_BYTES + LINK_BYTES * links.length + content.length + (isView ? 0 : body.length);
}

/** Bytes of a segment id. 128 bits: a collision within one thread would take about 2^64 tries by someone who attacks their own thread. */
export const SEGMENT_ID_BYTES = 16;

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
  return { id: segmentId(links, content), links, body: own(body), content: own(content) };
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

/** Each segment is compressed once, though it may be sent twice: with a task's write, and with the checkpoint that repeats it. */
const bodies = new WeakMap<SegmentWithContent, Promise<Buffer>>();

/** The segments as they are to be stored: those of long content are compressed, on the threads of libuv's pool. */
export function compressed(segments: readonly SegmentWithContent[]): readonly Segment[] | Promise<Segment[]> {
  if (!segments.some(isCompressedLater)) return segments;
  return someAtOnce(segments, async (segment) => ({
    id: segment.id,
    links: segment.links,
    body: await compressedBody(segment),
  }));
}

function isCompressedLater({ content }: SegmentWithContent): boolean {
  return content.length > MAX_WELL_DEFLATED_BYTES;
}

function compressedBody(segment: SegmentWithContent): Buffer | Promise<Buffer> {
  if (!isCompressedLater(segment)) return segment.body;
  const known = bodies.get(segment);
  if (known !== undefined) return known;
  const compressing = compressElsewhere(segment.content);
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
  return { id: segmentId(links, content), links, body: own(compress(content)), content: own(content) };
}

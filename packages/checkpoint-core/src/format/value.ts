import { longPartsOf } from "./long-parts.js";
import { BlockIndex, type Match } from "./matches.js";
import { MAX_LINKING_BYTES } from "./compression.js";
import { makeSegment, NOTHING_TO_REPEAT, type Repeatable, type SegmentWithContent } from "./segment.js";
import { dropWasteful, FAN_OUT, fresh, joinMost, joinSmall, type Span, slicePieces, spansOf } from "./spans.js";
import type { Work } from "./turn.js";
import type { ValueBytes } from "./value-bytes.js";

/**
 * How a channel value is stored: a piece table, as a text editor keeps a file.
 *
 * LangGraph writes every changed channel again at every superstep. A list of messages grows at its end, so most of its bytes stand in the store
 * already; only what the parent's value does not share is stored.
 */

/** A part of a value: `length` bytes of a segment, from `start`. */
export interface SegmentPiece {
  readonly segment: string;
  readonly start: number;
  readonly length: number;
  /** Length of the whole segment's content. */
  readonly of: number;
}

/** A part of a value that stands in the checkpoint's own record: too short for a segment, until more comes after it. */
export interface InlinePiece {
  readonly segment?: undefined;
  readonly length: number;
}

export type Piece = SegmentPiece | InlinePiece;

/** A serialized channel value, and where it is stored. */
export interface ChannelValue {
  /** The serializer's type tag. */
  readonly type: string;
  readonly bytes: ValueBytes;
  /** `undefined`: all of it stands in the checkpoint's own record. */
  readonly pieces: readonly Piece[] | undefined;
}

/** Where a value stands, but for what stands in the record. */
export function segmentPieces({ pieces = [] }: ChannelValue): SegmentPiece[] {
  return pieces.filter((piece) => piece.segment !== undefined);
}

/** How much of a value stands in the record. */
export function inlineBytes({ bytes, pieces }: ChannelValue): number {
  if (pieces === undefined) return bytes.length;
  return pieces.reduce((sum, piece) => (piece.segment === undefined ? sum + piece.length : sum), 0);
}

/** A value and the segments that must be stored with it. */
export interface EncodedValue {
  readonly value: ChannelValue;
  readonly created: readonly SegmentWithContent[];
}

/**
 * Values up to this many bytes stand in the record itself. A record is compressed against an earlier one, so an unchanged small value costs a few
 * bytes in each checkpoint; a segment costs a row of some 110 bytes besides its content. So does what little is new of a longer value: it becomes a
 * segment together with what comes next. (150 real conversations take 2,450 segments instead of 5,556, and 6 % less on either store. With 256 or 512
 * bytes they take more on one of the two.)
 */
export const MAX_INLINE_BYTES = 384;
/** A shorter shared run is not worth a piece of its own (about 25 bytes in each record). */
const MIN_SHARED_BYTES = 256;
/** Nor is a part that moved, which has to be looked for. */
const MIN_MOVED_BYTES = 1024;
/**
 * Longer content is stored as several segments, so that no row and no message of the wire protocol gets huge (8 MiB, of a value of 256 MiB), and several
 * threads compress it: as many as {@link FAN_OUT}, of no less than this.
 */
const MIN_DIVIDED_BYTES = 256 * 1024;
/** A value in more pieces is stored anew: it was edited in many places. */
const MAX_PIECES = 256;

/**
 * Encodes a value, sharing with the parent checkpoint's value of the same channel what is equal at its start and at its end, and long parts that
 * moved: a list that is trimmed to its last messages loses some in front when it gets one more.
 *
 * Reading a value costs at most about twice its size, whatever its history: a segment of which less than half is used is not referenced.
 *
 * The work is linear in the size of the two values, and lets the event loop go on now and then.
 *
 * @param repeatable what the new bytes may repeat.
 * @param maxInlineBytes up to which size the value stands in the record.
 */
export function* encodeValue(
  type: string,
  bytes: ValueBytes,
  parent: ChannelValue | undefined,
  repeatable: Repeatable = NOTHING_TO_REPEAT,
  maxInlineBytes: number = MAX_INLINE_BYTES,
): Work<EncodedValue> {
  if (bytes.length <= maxInlineBytes) return { value: { type, bytes, pieces: undefined }, created: [] };
  let spans: readonly Span[] =
    parent?.pieces !== undefined && parent.type === type
      ? yield* shareWith(parent.bytes, parent.pieces, bytes)
      : [fresh(bytes.length)];
  if (repeatable.inFlight !== undefined) spans = spans.map((span) => sentAlong(span, repeatable));
  spans = yield* repeatVerbatim(bytes, spans, repeatable, maxInlineBytes);
  // In this order: what is merged is no longer used where it stood.
  spans = dropWasteful(joinMost(joinSmall(spans)));
  if (spans.length > MAX_PIECES) spans = [fresh(bytes.length)];
  return yield* materialize(type, bytes, spans, repeatable, maxInlineBytes);
}

function* shareWith(old: ValueBytes, pieces: readonly Piece[], bytes: ValueBytes): Work<Span[]> {
  const prefix = old.sharedPrefix(bytes);
  const suffix = old.sharedSuffix(bytes, Math.min(old.length, bytes.length) - prefix);
  const head = prefix >= MIN_SHARED_BYTES ? prefix : 0;
  const tail = suffix >= MIN_SHARED_BYTES ? suffix : 0;
  const replaced = old.slice(head, old.length - tail);
  const middle = bytes.slice(head, bytes.length - tail);
  return [
    ...slicePieces(pieces, 0, head),
    ...spansOf(middle.length, yield* movedMatches(middle, replaced), ({ sourceAt, length }) =>
      slicePieces(pieces, head + sourceAt, head + sourceAt + length),
    ),
    ...slicePieces(pieces, old.length - tail, old.length),
  ];
}

function sentAlong(span: Span, { verbatim, inFlight }: Repeatable): Span {
  const id = span.piece?.segment;
  if (id === undefined || !inFlight?.has(id)) return span;
  const segment = verbatim.find((each) => each.id === id);
  if (segment === undefined) return fresh(span.length);
  return segment.isStored ? span : { ...span, sent: segment };
}

/** An append replaces nothing, so nothing is looked for. Nor is little in much, such as a summary in the conversation that it replaces. */
function* movedMatches(middle: ValueBytes, replaced: ValueBytes): Work<readonly Match[]> {
  const isWorthwhile = replaced.length >= MIN_MOVED_BYTES && middle.length >= Math.max(MIN_MOVED_BYTES, replaced.length / 4);
  if (!isWorthwhile) return [];
  const index = yield* BlockIndex.of([replaced.toBuffer()], MIN_MOVED_BYTES);
  return yield* index.matches(middle.toBuffer());
}

/**
 * Uses segments that say the same as new bytes: the value that a task wrote is the channel's next value, or a long part of it (a tool's answer among
 * the messages). Short parts are repeated by {@link makeSegment}, for a few bytes.
 */
function* repeatVerbatim(
  bytes: ValueBytes,
  spans: readonly Span[],
  repeatable: Repeatable,
  maxInlineBytes: number,
): Work<readonly Span[]> {
  const { verbatim } = repeatable;
  if (verbatim.length === 0) return spans;
  const repeated: Span[] = [];
  let at = 0;
  for (const span of spans) {
    const { length, piece } = span;
    if (piece !== undefined || length <= maxInlineBytes) repeated.push(span);
    else {
      const part = bytes.subarray(at, at + length);
      const same = verbatim.find(({ content }) => content.length === length && content.equals(part));
      if (same !== undefined) repeated.push(repeat(same, 0, length));
      else if (length < MAX_LINKING_BYTES) repeated.push(span);
      else repeated.push(...(yield* repeatLongParts(part, repeatable)));
    }
    at += length;
  }
  return repeated;
}

function* repeatLongParts(part: Buffer, repeatable: Repeatable): Work<Span[]> {
  const { segments, index } = yield* longPartsOf(repeatable);
  const matches = index === undefined ? [] : yield* index.matches(part);
  return spansOf(part.length, matches, ({ source, sourceAt, length }) => [
    repeat(segments[source] as SegmentWithContent, sourceAt, length),
  ]);
}

function repeat(segment: SegmentWithContent, start: number, length: number): Span {
  const piece = { segment: segment.id, start, length, of: segment.content.length };
  return { length, piece, sent: segment.isStored ? undefined : segment };
}

function* materialize(
  type: string,
  bytes: ValueBytes,
  spans: readonly Span[],
  repeatable: Repeatable,
  maxInlineBytes: number,
): Work<EncodedValue> {
  const created = new Map<string, SegmentWithContent>();
  const pieces: Piece[] = [];
  let offset = 0;
  let inlineBytesLeft = maxInlineBytes;
  for (const { piece, length, sent } of spans) {
    if (piece !== undefined) {
      pieces.push(piece);
      if (sent !== undefined) created.set(sent.id, sent);
    } else if (length <= inlineBytesLeft) {
      pieces.push({ length });
      inlineBytesLeft -= length;
    } else {
      const share = Math.max(MIN_DIVIDED_BYTES, Math.ceil(length / FAN_OUT));
      for (let done = 0; done < length; done += share) {
        const size = Math.min(share, length - done);
        const segment = makeSegment(bytes.subarray(offset + done, offset + done + size), repeatable);
        created.set(segment.id, segment);
        pieces.push({ segment: segment.id, start: 0, length: size, of: size });
        yield size;
      }
    }
    offset += length;
  }
  return { value: { type, bytes, pieces }, created: [...created.values()] };
}

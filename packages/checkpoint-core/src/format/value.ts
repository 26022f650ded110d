import { longPartsOf } from "./long-parts.js";
import { BlockIndex, type Match } from "./matches.js";
import { MAX_LINKING_BYTES, makeSegment, NOTHING_TO_REPEAT, type Repeatable, type SegmentWithContent } from "./segment.js";
import { breathe } from "./turn.js";
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
/** This many neighbours of less than 8 KiB become one segment, so each byte of a list that grows by less is copied once. */
const FAN_OUT = 32;
const SMALL_BYTES = 8 * 1024;
/**
 * Beyond, pieces are let be while they are few: each costs a link of 16 bytes in a keyframe, and joining them their text once more. 128 links cost some
 * 250 bytes at each superstep where 32 cost 155, and a copy of what it adds 300 to 1,000. When there are more, as many neighbours as fit become one.
 */
const MANY_PIECES = 128;
/** No neighbours are joined to more. (A list of 1.1 MB was once joined: in that turn, all that was stored doubled.) */
const MAX_JOINED_BYTES = 256 * 1024;
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
export async function encodeValue(
  type: string,
  bytes: ValueBytes,
  parent: ChannelValue | undefined,
  repeatable: Repeatable = NOTHING_TO_REPEAT,
  maxInlineBytes: number = MAX_INLINE_BYTES,
): Promise<EncodedValue> {
  if (bytes.length <= maxInlineBytes) return { value: { type, bytes, pieces: undefined }, created: [] };
  let spans: readonly Span[] =
    parent?.pieces !== undefined && parent.type === type
      ? await shareWith(parent.bytes, parent.pieces, bytes)
      : [fresh(bytes.length)];
  if (repeatable.inFlight !== undefined) spans = spans.map((span) => sentAlong(span, repeatable));
  spans = await repeatVerbatim(bytes, spans, repeatable, maxInlineBytes);
  // In this order: what is merged is no longer used where it stood.
  spans = dropWasteful(joinMost(joinSmall(spans)));
  if (spans.length > MAX_PIECES) spans = [fresh(bytes.length)];
  return materialize(type, bytes, spans, repeatable, maxInlineBytes);
}

/** A part of the new value: stored already (`piece`), or to be stored. */
interface Span {
  readonly length: number;
  readonly piece: SegmentPiece | undefined;
  /** The piece's segment, where that may still be on its way to the store in another statement: it is sent along. */
  readonly sent?: SegmentWithContent | undefined;
}

function fresh(length: number): Span {
  return { length, piece: undefined };
}

async function shareWith(old: ValueBytes, pieces: readonly Piece[], bytes: ValueBytes): Promise<Span[]> {
  const prefix = old.sharedPrefix(bytes);
  const suffix = old.sharedSuffix(bytes, Math.min(old.length, bytes.length) - prefix);
  const head = prefix >= MIN_SHARED_BYTES ? prefix : 0;
  const tail = suffix >= MIN_SHARED_BYTES ? suffix : 0;
  const replaced = old.slice(head, old.length - tail);
  const middle = bytes.slice(head, bytes.length - tail);
  return [
    ...slicePieces(pieces, 0, head),
    ...spansOf(middle.length, await movedMatches(middle, replaced), ({ sourceAt, length }) =>
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
async function movedMatches(middle: ValueBytes, replaced: ValueBytes): Promise<readonly Match[]> {
  const isWorthwhile = replaced.length >= MIN_MOVED_BYTES && middle.length >= Math.max(MIN_MOVED_BYTES, replaced.length / 4);
  if (!isWorthwhile) return [];
  return (await BlockIndex.of([replaced.toBuffer()], MIN_MOVED_BYTES)).matches(middle.toBuffer());
}

/** Spans of `length` bytes of which some are stored already, as `stored` says. */
function spansOf(length: number, matches: readonly Match[], stored: (match: Match) => readonly Span[]): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const match of matches) {
    if (match.at > at) spans.push(fresh(match.at - at));
    spans.push(...stored(match));
    at = match.at + match.length;
  }
  if (length > at) spans.push(fresh(length - at));
  return spans;
}

/**
 * Uses segments that say the same as new bytes: the value that a task wrote is the channel's next value, or a long part of it (a tool's answer among
 * the messages). Short parts are repeated by {@link makeSegment}, for a few bytes.
 */
async function repeatVerbatim(
  bytes: ValueBytes,
  spans: readonly Span[],
  repeatable: Repeatable,
  maxInlineBytes: number,
): Promise<readonly Span[]> {
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
      else repeated.push(...(await repeatLongParts(part, repeatable)));
    }
    at += length;
  }
  return repeated;
}

async function repeatLongParts(part: Buffer, repeatable: Repeatable): Promise<Span[]> {
  const { segments, index } = await longPartsOf(repeatable);
  const matches = (await index?.matches(part)) ?? [];
  return spansOf(part.length, matches, ({ source, sourceAt, length }) => [
    repeat(segments[source] as SegmentWithContent, sourceAt, length),
  ]);
}

function repeat(segment: SegmentWithContent, start: number, length: number): Span {
  const piece = { segment: segment.id, start, length, of: segment.content.length };
  return { length, piece, sent: segment.isStored ? undefined : segment };
}

/** The pieces of `[from, to)` of the old value. What stands in its record is new to the record of this one. */
function slicePieces(pieces: readonly Piece[], from: number, to: number): Span[] {
  const spans: Span[] = [];
  let offset = 0;
  for (const piece of pieces) {
    const start = Math.max(from, offset);
    const end = Math.min(to, offset + piece.length);
    if (end > start) {
      const length = end - start;
      spans.push(
        piece.segment === undefined
          ? fresh(length)
          : { length, piece: { ...piece, start: piece.start + (start - offset), length } },
      );
    }
    offset += piece.length;
  }
  return spans;
}

/** Stops referencing segments of which less than half is still used. */
function dropWasteful(spans: readonly Span[]): Span[] {
  const used = new Map<string, number>();
  for (const { piece } of spans) if (piece !== undefined) used.set(piece.segment, (used.get(piece.segment) ?? 0) + piece.length);
  const wasteful = (piece: SegmentPiece): boolean => (used.get(piece.segment) as number) * 2 < piece.of;
  return joinFresh(spans.map((span) => (span.piece !== undefined && wasteful(span.piece) ? fresh(span.length) : span)));
}

/** Keeps the list short: a run of {@link FAN_OUT} small neighbours becomes one. */
function joinSmall(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (let start = 0; start < spans.length; ) {
    let end = start;
    while (end < spans.length && (spans[end] as Span).length < SMALL_BYTES) end += 1;
    const run = spans.slice(start, end);
    joined.push(...(run.length >= FAN_OUT ? [fresh(lengthOf(run))] : run));
    if (end < spans.length) joined.push(spans[end] as Span);
    start = end + 1;
  }
  return joinFresh(joined);
}

/**
 * Keeps the list of a long value short: when it is longer than {@link MANY_PIECES}, the most neighbours that come to {@link MAX_JOINED_BYTES} become one.
 * One such group at a time, so that no superstep pays for many.
 */
function joinMost(spans: readonly Span[]): readonly Span[] {
  if (spans.length <= MANY_PIECES) return spans;
  let most = { start: 0, end: 1 };
  let bytes = 0;
  for (let start = 0, end = 0; end < spans.length; ) {
    bytes += (spans[end] as Span).length;
    end += 1;
    for (; bytes > MAX_JOINED_BYTES; start += 1) bytes -= (spans[start] as Span).length;
    if (end - start > most.end - most.start) most = { start, end };
  }
  if (most.end - most.start === 1) return spans;
  return joinFresh([...spans.slice(0, most.start), fresh(lengthOf(spans.slice(most.start, most.end))), ...spans.slice(most.end)]);
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { length }) => sum + length, 0);
}

function joinFresh(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last !== undefined && last.piece === undefined && span.piece === undefined)
      joined[joined.length - 1] = fresh(last.length + span.length);
    else joined.push(span);
  }
  return joined;
}

async function materialize(
  type: string,
  bytes: ValueBytes,
  spans: readonly Span[],
  repeatable: Repeatable,
  maxInlineBytes: number,
): Promise<EncodedValue> {
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
        await breathe();
      }
    }
    offset += length;
  }
  return { value: { type, bytes, pieces }, created: [...created.values()] };
}

import { makeSegment, type OpenSegment, type Repeatable } from "./segment.js";

/**
 * How a channel value is stored: a piece table, as a text editor keeps a file.
 *
 * LangGraph writes every changed channel again at every superstep. A list of messages grows at its end, so most of its bytes stand in the store
 * already; only what the parent's value does not share is stored.
 */

/** A part of a value: `length` bytes of a segment, from `start`. */
export interface Piece {
  readonly segment: string;
  readonly start: number;
  readonly length: number;
  /** Length of the whole segment's content. */
  readonly of: number;
}

/** A serialized channel value, and where it is stored. */
export interface ChannelValue {
  /** The serializer's type tag. */
  readonly type: string;
  readonly bytes: Buffer;
  /** `undefined`: the bytes stand in the checkpoint's own record. */
  readonly pieces: readonly Piece[] | undefined;
}

/** A value and the segments that must be stored with it. */
export interface EncodedValue {
  readonly value: ChannelValue;
  readonly created: readonly OpenSegment[];
}

/**
 * Values up to this many bytes stand in the record itself. A record is compressed against an earlier one, so an unchanged small value costs a few
 * bytes in each checkpoint; a segment costs a row of some 110 bytes besides its content.
 */
export const MAX_INLINE_BYTES = 512;
/** A shorter shared run is not worth a piece of its own (about 25 bytes in each record). */
const MIN_SHARED_BYTES = 256;
/** Larger content is stored as several segments, so that no row and no message of the wire protocol gets huge. */
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
/** This many small neighbours become one segment. With 32, each byte of a growing list is copied once per 32-fold growth. */
const FAN_OUT = 32;
/** A neighbour is small at a level when its size is in `[0, 8 KiB)` or `[8 KiB, 256 KiB)`; above, only {@link MAX_PIECES} limits their number. */
const LEVELS = [
  { from: 0, below: 8 * 1024 },
  { from: 8 * 1024, below: 256 * 1024 },
] as const;
/** A value in more pieces is stored anew: it was edited in many places. */
const MAX_PIECES = 256;

/**
 * Encodes a value, sharing with the parent checkpoint's value of the same channel what is equal at its start and at its end.
 *
 * Reading a value costs at most about twice its size, whatever its history: a segment of which less than half is used is not referenced.
 *
 * @param repeatable what the new bytes may repeat.
 * @param maxInlineBytes up to which size the value stands in the record.
 */
export function encodeValue(
  type: string,
  bytes: Buffer,
  parent: ChannelValue | undefined,
  repeatable?: Repeatable,
  maxInlineBytes: number = MAX_INLINE_BYTES,
): EncodedValue {
  if (bytes.length <= maxInlineBytes) return { value: { type, bytes, pieces: undefined }, created: [] };
  let spans =
    parent?.pieces !== undefined && parent.type === type ? shareWith(parent.bytes, parent.pieces, bytes) : [fresh(bytes.length)];
  // In this order: what is merged is no longer used where it stood.
  spans = dropWasteful(mergeSmallNeighbours(spans));
  if (spans.length > MAX_PIECES) spans = [fresh(bytes.length)];
  return materialize(type, bytes, spans, repeatable);
}

/** A stretch of the new value: stored already (`piece`), or to be stored. */
interface Span {
  readonly length: number;
  readonly piece: Piece | undefined;
}

function fresh(length: number): Span {
  return { length, piece: undefined };
}

function shareWith(old: Buffer, pieces: readonly Piece[], bytes: Buffer): Span[] {
  const prefix = sharedPrefix(old, bytes);
  const suffix = sharedSuffix(old, bytes, Math.min(old.length, bytes.length) - prefix);
  const head = prefix >= MIN_SHARED_BYTES ? prefix : 0;
  const tail = suffix >= MIN_SHARED_BYTES ? suffix : 0;
  const middle = bytes.length - head - tail;
  return [
    ...slicePieces(pieces, 0, head),
    ...(middle > 0 ? [fresh(middle)] : []),
    ...slicePieces(pieces, old.length - tail, old.length),
  ];
}

/** The pieces of `[from, to)` of the old value. */
function slicePieces(pieces: readonly Piece[], from: number, to: number): Span[] {
  const spans: Span[] = [];
  let offset = 0;
  for (const piece of pieces) {
    const start = Math.max(from, offset);
    const end = Math.min(to, offset + piece.length);
    if (end > start) {
      const cut = { ...piece, start: piece.start + (start - offset), length: end - start };
      spans.push({ length: cut.length, piece: cut });
    }
    offset += piece.length;
  }
  return spans;
}

const COMPARE_BLOCK_BYTES = 4096;

/** Length of the common start. Whole blocks are compared natively: 1 MB takes about 0.1 ms, a loop over its bytes 1.5 ms. */
function sharedPrefix(a: Buffer, b: Buffer): number {
  const limit = Math.min(a.length, b.length);
  let at = 0;
  while (at < limit) {
    const end = Math.min(limit, at + COMPARE_BLOCK_BYTES);
    if (a.compare(b, at, end, at, end) !== 0) break;
    at = end;
  }
  const end = Math.min(limit, at + COMPARE_BLOCK_BYTES);
  while (at < end && a[at] === b[at]) at += 1;
  return at;
}

/** Length of the common end, at most `limit`. */
function sharedSuffix(a: Buffer, b: Buffer, limit: number): number {
  let length = 0;
  while (length < limit) {
    const step = Math.min(limit - length, COMPARE_BLOCK_BYTES);
    const endA = a.length - length;
    const endB = b.length - length;
    if (a.compare(b, endB - step, endB, endA - step, endA) !== 0) break;
    length += step;
  }
  const end = Math.min(limit, length + COMPARE_BLOCK_BYTES);
  while (length < end && a[a.length - 1 - length] === b[b.length - 1 - length]) length += 1;
  return length;
}

/** Stops referencing segments of which less than half is still used. */
function dropWasteful(spans: readonly Span[]): Span[] {
  const used = new Map<string, number>();
  for (const { piece } of spans) if (piece !== undefined) used.set(piece.segment, (used.get(piece.segment) ?? 0) + piece.length);
  const wasteful = (piece: Piece): boolean => (used.get(piece.segment) as number) * 2 < piece.of;
  return joinFresh(spans.map((span) => (span.piece !== undefined && wasteful(span.piece) ? fresh(span.length) : span)));
}

/**
 * Keeps the list short. A run of spans merges when it holds {@link FAN_OUT} of one level; smaller ones in it go along, but do not count: else each
 * 32nd append would copy the result of the last merge.
 */
function mergeSmallNeighbours(spans: readonly Span[]): Span[] {
  let result = [...spans];
  for (const { from, below } of LEVELS) {
    const merged: Span[] = [];
    for (let start = 0; start < result.length; ) {
      let end = start;
      while (end < result.length && (result[end] as Span).length < below) end += 1;
      const run = result.slice(start, end);
      if (run.filter((span) => span.length >= from).length >= FAN_OUT)
        merged.push(fresh(run.reduce((sum, span) => sum + span.length, 0)));
      else merged.push(...run);
      if (end < result.length) merged.push(result[end] as Span);
      start = end + 1;
    }
    result = joinFresh(merged);
  }
  return result;
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

function materialize(type: string, bytes: Buffer, spans: readonly Span[], repeatable: Repeatable | undefined): EncodedValue {
  const created = new Map<string, OpenSegment>();
  const pieces: Piece[] = [];
  let offset = 0;
  for (const { piece, length } of spans) {
    if (piece !== undefined) pieces.push(piece);
    for (let done = 0; piece === undefined && done < length; done += MAX_SEGMENT_BYTES) {
      const size = Math.min(MAX_SEGMENT_BYTES, length - done);
      const segment = makeSegment(bytes.subarray(offset + done, offset + done + size), repeatable);
      created.set(segment.id, segment);
      pieces.push({ segment: segment.id, start: 0, length: size, of: size });
    }
    offset += length;
  }
  return { value: { type, bytes, pieces }, created: [...created.values()] };
}

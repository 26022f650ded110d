import type { Match } from "./matches.js";
import type { SegmentWithContent } from "./segment.js";
import type { Piece, SegmentPiece } from "./value.js";

/** How a value that is being encoded is divided, and when what is divided becomes one again. */

/** This many neighbours of less than 8 KiB become one segment, so each byte of a list that grows by less is copied once. */
export const FAN_OUT = 32;
const SMALL_BYTES = 8 * 1024;
/**
 * Beyond, pieces are let be while they are few: each costs a link of 16 bytes in a keyframe, and joining them their text once more. 128 links cost some
 * 250 bytes at each superstep where 32 cost 155, and a copy of what it adds 300 to 1,000. When there are more, as many neighbours as fit become one.
 */
const MANY_PIECES = 128;
/** No neighbours are joined to more. (A list of 1.1 MB was once joined: in that turn, all that was stored doubled.) */
const MAX_JOINED_BYTES = 256 * 1024;

/** A part of the new value: stored already (`piece`), or to be stored. */
export interface Span {
  readonly length: number;
  readonly piece: SegmentPiece | undefined;
  /** The piece's segment, where that may still be on its way to the store in another statement: it is sent along. */
  readonly sent?: SegmentWithContent | undefined;
}

export function fresh(length: number): Span {
  return { length, piece: undefined };
}

/** Spans of `length` bytes of which some are stored already, as `stored` says. */
export function spansOf(length: number, matches: readonly Match[], stored: (match: Match) => readonly Span[]): Span[] {
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

/** The pieces of `[from, to)` of the old value. What stands in its record is new to the record of this one. */
export function slicePieces(pieces: readonly Piece[], from: number, to: number): Span[] {
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
export function dropWasteful(spans: readonly Span[]): Span[] {
  const used = new Map<string, number>();
  for (const { piece } of spans) if (piece !== undefined) used.set(piece.segment, (used.get(piece.segment) ?? 0) + piece.length);
  const wasteful = (piece: SegmentPiece): boolean => (used.get(piece.segment) as number) * 2 < piece.of;
  return joinFresh(spans.map((span) => (span.piece !== undefined && wasteful(span.piece) ? fresh(span.length) : span)));
}

/** Keeps the list short: a run of {@link FAN_OUT} small neighbours becomes one. */
export function joinSmall(spans: readonly Span[]): Span[] {
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
export function joinMost(spans: readonly Span[]): readonly Span[] {
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

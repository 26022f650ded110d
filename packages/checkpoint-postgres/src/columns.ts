import type { Segment } from "@holdfast/checkpoint-core/adapter";
import type { Row } from "./pool.js";
import type { Tables } from "./tables.js";

/**
 * Decoders of result columns, which `pg` returns as the text that Postgres sent.
 *
 * `pg` 8 cannot read Postgres' binary format: it decodes every column as UTF-8. So bytes travel as base64 (`encode(column, 'base64')`) rather than in `pg`'s usual
 * hexadecimal: 10 MB take 0.2 s instead of 0.6 s, and a third more bytes instead of twice as many.
 */

export function isNull(row: Row, column: number): boolean {
  return row[column] === null;
}

export function text(row: Row, column: number): string {
  const value = row[column];
  if (value === null || value === undefined)
    throw new TypeError(`Postgres returned NULL in column ${column}, which is never NULL.`);
  return value;
}

/** A column selected as `encode(…, 'base64')`. */
export function bytea(row: Row, column: number): Buffer {
  return Buffer.from(text(row, column), "base64");
}

export function integer(row: Row, column: number): number {
  return Number(text(row, column));
}

export function bigint(row: Row, column: number): bigint {
  return BigInt(text(row, column));
}

export function bool(row: Row, column: number): boolean {
  return text(row, column) === "t";
}

/** Postgres writes uuids with hyphens; the names of segments have none. */
export function segmentId(uuid: string): string {
  return uuid.replaceAll("-", "");
}

/** A column of links, selected as `encode(…, 'hex')`; NULL is the empty list. */
export function links(row: Row, column: number): string[] {
  return isNull(row, column) ? [] : (text(row, column).match(SEGMENT_ID) ?? []);
}

/** In hexadecimal. */
const SEGMENT_ID = /.{32}/g;

/** The inverse of {@link links}, as a parameter. */
export function linksParameter(ids: readonly string[]): Buffer | null {
  return ids.length === 0 ? null : Buffer.from(ids.join(""), "hex");
}

/** Channel names as a `text[]` parameter. It leaves out names that Postgres' text cannot hold, which only makes a walk longer. */
export function channelNamesParameter(channels: readonly string[]): readonly string[] {
  return channels.filter((channel) => !channel.includes("\0") && channel.isWellFormed());
}

/**
 * A common table expression, with its comma, that stores segments of the thread in `th`; empty if there are none.
 *
 * An existing segment of the same name is the same. Segments are stored in the order of their ids, so that two statements that store the same ones cannot
 * deadlock. Each body is one parameter: as elements of an array they would travel as hexadecimal text, twice as long.
 *
 * @param values the statement's parameters so far, to which it adds those of the segments.
 */
export function segmentRows(t: Tables, segments: readonly Segment[], values: unknown[]): string {
  if (segments.length === 0) return "";
  const rows = [...segments]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((segment) => {
      const first = values.push(segment.id, linksParameter(segment.links), segment.body) - 2;
      return `($${first}::uuid, $${first + 1}::bytea, $${first + 2}::bytea)`;
    });
  return `stored as (
  insert into ${t.segment} (thread_key, segment_id, links, body)
  select th.thread_key, s.* from th cross join (values ${rows.join(", ")}) s
  on conflict (thread_key, segment_id) do nothing
),`;
}

/** Metadata as stored in a row: JSON, or two short columns. */
export interface MetadataColumns {
  readonly metadata: string | null;
  readonly source: string | null;
  readonly step: number | null;
}

/** By the letter in the row. */
const SOURCES: Readonly<Record<string, string>> = { i: "input", l: "loop", u: "update", f: "fork" };
const LETTERS = new Map(Object.entries(SOURCES).map(([letter, source]) => [source, letter]));
const MAX_STEP = 2 ** 31 - 1;

/**
 * The metadata of nearly every checkpoint is only its source and its step. As `jsonb` that takes 66 bytes, a fifth of a usual row; so it has its own columns, and
 * the metadata column is null.
 *
 * @param json an object, from core's `encodeMetadata`.
 */
export function metadataColumns(json: string): MetadataColumns {
  const { source, step, parents, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const letter = LETTERS.get(source as string);
  const isShort =
    letter !== undefined &&
    Number.isInteger(step) &&
    Math.abs(step as number) <= MAX_STEP &&
    isEmptyObject(parents) &&
    isEmptyObject(rest);
  return isShort ? { metadata: null, source: letter, step: step as number } : { metadata: json, source: null, step: null };
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** Selects what {@link metadataJson} reads. */
export const METADATA = "coalesce(metadata::text, source::text || step)";

/** The bytes of a checkpoint's row for statistics, in SQL. */
export const CHECKPOINT_BYTES = "pg_column_size(record) + coalesce(pg_column_size(metadata), 0)";

/** The inverse of {@link metadataColumns}, for a column selected as {@link METADATA}. Keys are in the order of `jsonb`. */
export function metadataJson(stored: string): string {
  const source = SOURCES[stored[0] as string];
  return source === undefined ? stored : `{"step":${stored.slice(1)},"source":"${source}","parents":{}}`;
}

/** Metadata as a row has it: JSON, or what stands for it in two short columns. */
export interface MetadataColumns {
  readonly metadata: string | null;
  readonly source: string | null;
  readonly step: number | null;
}

/** By the letter that stands in the row. */
const SOURCES: Readonly<Record<string, string>> = { i: "input", l: "loop", u: "update", f: "fork" };
const LETTERS = new Map(Object.entries(SOURCES).map(([letter, source]) => [source, letter]));
const MAX_STEP = 2 ** 31 - 1;

/**
 * What LangGraph's loop says of nearly every checkpoint is only its source and its step. As `jsonb` that takes 66 bytes, a fifth of a usual row; so it stands
 * in columns of its own, and the metadata's is null.
 *
 * @param json what core's `encodeMetadata` gives: an object.
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

/** What a checkpoint's row counts for where bytes are told, in SQL. */
export const CHECKPOINT_BYTES = "pg_column_size(record) + coalesce(pg_column_size(metadata), 0)";

/** The inverse of {@link metadataColumns}, of a column selected as {@link METADATA}; keys stand in the order of `jsonb`. */
export function metadataJson(stored: string): string {
  const source = SOURCES[stored[0] as string];
  return source === undefined ? stored : `{"step":${stored.slice(1)},"source":"${source}","parents":{}}`;
}

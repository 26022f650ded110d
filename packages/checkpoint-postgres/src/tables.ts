import { InvalidOptionsError } from "@holdfast/checkpoint-core";

/** NAMEDATALEN - 1: Postgres silently truncates longer names, so that two could become one. */
const MAX_IDENTIFIER_BYTES = 63;

/** Schema-qualified, quoted names. Quoted once, here: any name is legal, and none is code. */
export interface Tables {
  /** The schema's own name, unquoted. */
  readonly schemaName: string;
  readonly schema: string;
  /** The schema's name as a string literal. */
  readonly schemaLiteral: string;
  readonly thread: string;
  readonly checkpoint: string;
  readonly segment: string;
  readonly pendingWrite: string;
  readonly run: string;
  readonly tombstone: string;
  readonly sweeper: string;
  readonly migration: string;
  /** Functions: one that fails for a thread of an unknown format; one that returns a column of links as rows; one that joins metadata from its three columns. */
  readonly refuseFormat: string;
  readonly linkIds: string;
  readonly wholeMetadata: string;
  /** Sequences, as string literals for `nextval`. */
  readonly commitOrder: string;
  readonly writeArrival: string;
}

/** @throws InvalidOptionsError when the name is empty, contains NUL, is longer than 63 bytes or is reserved by Postgres. */
export function tablesIn(schemaName: unknown): Tables {
  if (typeof schemaName !== "string" || schemaName === "") throw new InvalidOptionsError("schema must be a non-empty string.");
  if (schemaName.includes("\0") || !schemaName.isWellFormed()) {
    throw new InvalidOptionsError("schema contains a NUL character or a lone surrogate.");
  }
  const bytes = Buffer.byteLength(schemaName);
  if (bytes > MAX_IDENTIFIER_BYTES) {
    throw new InvalidOptionsError(`schema is ${bytes} bytes long; Postgres truncates names to ${MAX_IDENTIFIER_BYTES}.`);
  }
  if (schemaName.startsWith("pg_"))
    throw new InvalidOptionsError(`schema is "${schemaName}"; Postgres reserves names that start with pg_.`);
  const schema = quoteIdentifier(schemaName);
  return Object.freeze({
    schemaName,
    schema,
    schemaLiteral: quoteLiteral(schemaName),
    thread: `${schema}.thread`,
    checkpoint: `${schema}.checkpoint`,
    segment: `${schema}.segment`,
    pendingWrite: `${schema}.pending_write`,
    run: `${schema}.run`,
    tombstone: `${schema}.tombstone`,
    sweeper: `${schema}.sweeper`,
    migration: `${schema}.migration`,
    refuseFormat: `${schema}.refuse_format`,
    linkIds: `${schema}.link_ids`,
    wholeMetadata: `${schema}.whole_metadata`,
    commitOrder: quoteLiteral(`${schema}.commit_order`),
    writeArrival: quoteLiteral(`${schema}.write_arrival`),
  });
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function quoteLiteral(text: string): string {
  // A backslash is plain text in a '' literal unless standard_conforming_strings is off; E'' means the same under both settings.
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

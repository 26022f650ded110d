import init from "./0001_init.sql";
import leases from "./0002_leases.sql";
import threadLife from "./0003_thread_life.sql";
import shortRows from "./0004_short_rows.sql";

/** One step of the schema. Released steps are never changed. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** The lowest schema version that a client must know to work on a schema with this step: a client that knows less is refused. */
  readonly minClientVersion: number;
  /** SQL with the tokens `:schema`, the quoted identifier, and `:'schema'`, the string literal. */
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "init", minClientVersion: 1, sql: init },
  // An older client would write without looking at leases.
  { version: 2, name: "leases", minClientVersion: 2, sql: leases },
  // An older client would stumble over threads without an id, show hidden checkpoints, and bring pruned ones' writes back.
  { version: 3, name: "thread_life", minClientVersion: 3, sql: threadLife },
  // An older client would read and write lists of links as arrays, and miss metadata.
  { version: 4, name: "short_rows", minClientVersion: 4, sql: shortRows },
];

/** The newest schema version this code knows. */
export const SCHEMA_VERSION: number = MIGRATIONS.reduce((newest, { version }) => Math.max(newest, version), 0);

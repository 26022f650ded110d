import init from "./0001_init.sql";

/** One step of the schema. Released steps are never changed. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** The schema version that a client must know to work on a schema with this step. Older clients are refused. */
  readonly minClientVersion: number;
  /** SQL with the tokens `:schema`, the quoted identifier, and `:'schema'`, the string literal. */
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [{ version: 1, name: "init", minClientVersion: 1, sql: init }];

/** The newest schema version this code knows. */
export const SCHEMA_VERSION: number = MIGRATIONS.reduce((newest, { version }) => Math.max(newest, version), 0);

import {
  type HoldfastError,
  isHoldfastError,
  SchemaTooNewError,
  SetupRequiredError,
  StoreFailureError,
  StoreUnavailableError,
} from "@holdfast/checkpoint-core";

/** SQLSTATEs after which the same statement may succeed. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const TRANSIENT: ReadonlySet<string> = new Set([
  "40001", // serialization_failure
  "40P01", // deadlock_detected
  "55P03", // lock_not_available
  "57014", // query_canceled: a statement_timeout of the server, or an administrator
  "57P01", // admin_shutdown: pg_terminate_backend, a fast shutdown
  "57P02", // crash_shutdown
  "57P03", // cannot_connect_now: starting up or in recovery
  "57P05", // idle_session_timeout
  "25P03", // idle_in_transaction_session_timeout
  "25006", // read_only_sql_transaction: the server we reached was demoted by a failover
  "53300", // too_many_connections
  "53400", // configuration_limit_exceeded: per-role or per-database connection limit
  "23503", // foreign_key_violation: the thread was deleted during the write; the next try starts it again
]);
/** Classes of the same kind: connection exceptions. */
const TRANSIENT_CLASSES: readonly string[] = ["08"];

/** SQLSTATEs for tables that are missing or older than this code. */
const NOT_SET_UP: ReadonlySet<string> = new Set([
  "42P01", // undefined_table
  "3F000", // invalid_schema_name
  "42703", // undefined_column
]);

/** SQLSTATEs of a wrong configuration: a retry does not help. */
const CANNOT_CONNECT: ReadonlySet<string> = new Set([
  "28000", // invalid_authorization_specification
  "28P01", // invalid_password
  "3D000", // invalid_catalog_name: no such database
]);

/** SQLSTATEs for a prepared statement that this connection lacks or already has: a pooler has switched connections. */
const ABOUT_STATEMENT_NAME: ReadonlySet<string> = new Set([
  "26000", // invalid_sql_statement_name
  "42P05", // duplicate_prepared_statement
]);

/** The SQLSTATE of our own function `refuse_format`. */
const NEWER_FORMAT = "ZF001";

/** An error of `pg` with more than its text. */
interface DatabaseError extends Error {
  readonly code: string;
  readonly severity: string;
}

function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && "severity" in error && "code" in error && typeof error.code === "string";
}

/**
 * Whether a retry may succeed.
 *
 * A failure without an answer of the server is a connection fault (refused, reset, timed out, closed). `pg` gives some of these no code, so they are recognized by
 * exclusion. A bug in the calling code is a TypeError or RangeError, and is never retried.
 */
export function isTransient(error: unknown): boolean {
  if (isHoldfastError(error) || error instanceof TypeError || error instanceof RangeError) return false;
  if (!isDatabaseError(error)) return error instanceof Error;
  return TRANSIENT.has(error.code) || TRANSIENT_CLASSES.includes(error.code.slice(0, 2));
}

/** Whether the connection can be used after this error: the server answered, and did not end the session. */
export function leavesConnectionUsable(error: unknown): boolean {
  return isDatabaseError(error) && error.severity === "ERROR";
}

export function isAboutStatementName(error: unknown): boolean {
  return isDatabaseError(error) && ABOUT_STATEMENT_NAME.has(error.code);
}

/** Classes of SQLSTATEs whose messages contain only names, rights, sizes and resources. Others (data, constraints, triggers) quote values. */
const SAFE_CLASSES: ReadonlySet<string> = new Set(
  ["08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "F0", "XX", NEWER_FORMAT.slice(0, 2)], // https://www.postgresql.org/docs/current/errcodes-appendix.html
);

function quotesNoValues({ code }: DatabaseError): boolean {
  return SAFE_CLASSES.has(code.slice(0, 2));
}

/** Fields of a database error that say no values, whatever raised it. The others quote rows, parameters and statements. */
const SAFE_FIELDS: readonly string[] = ["name", "code", "severity", "length", "position", "file", "line", "routine"];
/** Names, unless a function of the user's has raised the error: it may say anything there. */
const NAMES: readonly string[] = ["schema", "table", "column", "dataType", "constraint"];
const CONSTRAINT_CLASS = "23";

/** The driver's error without stored values. */
function withoutValues(error: DatabaseError): DatabaseError {
  const hasNames = quotesNoValues(error) || error.code.startsWith(CONSTRAINT_CLASS);
  const safe = hasNames ? [...SAFE_FIELDS, ...NAMES] : SAFE_FIELDS;
  const kept: PropertyDescriptorMap = Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(error)).filter(([field]) => safe.includes(field)),
  );
  const message = quotesNoValues(error) ? error.message : `SQLSTATE ${error.code}`;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  kept.message = { value: message, writable: true, enumerable: false, configurable: true };
  kept.stack = { value: [`error: ${message}`, ...frames].join("\n"), writable: true, enumerable: false, configurable: true };
  return Object.create(Object.getPrototypeOf(error), kept);
}

/** The address of a saver's server, for messages. Never the user or the password. */
export interface ServerName {
  readonly host: string;
  readonly schemaName: string;
}

/** The error that a caller sees (contract C-71): one family, with the driver's as its cause, without the values that it quotes. */
export function toHoldfastError(failure: unknown, operation: string, server: ServerName): unknown {
  if (isHoldfastError(failure) || failure instanceof TypeError || failure instanceof RangeError) return failure;
  const error = isDatabaseError(failure) ? withoutValues(failure) : failure;
  const options = { cause: error };
  if (!isDatabaseError(error)) {
    return new StoreUnavailableError(
      `${operation}: Postgres at ${server.host} could not be reached: ${reasonOf(error)}.`,
      options,
    );
  }
  const reason = quotesNoValues(error) ? `${error.message} (SQLSTATE ${error.code})` : error.message;
  if (NOT_SET_UP.has(error.code) && operation !== "setup") return setupRequired(operation, server, options);
  if (error.code === NEWER_FORMAT) {
    return new SchemaTooNewError(`${operation}: ${error.message}, which this one cannot read. Update this process.`);
  }
  if (CANNOT_CONNECT.has(error.code)) {
    return new StoreUnavailableError(`${operation}: Postgres at ${server.host} rejected the connection: ${reason}.`, options);
  }
  if (isTransient(error))
    return new StoreUnavailableError(`${operation}: Postgres at ${server.host} was unavailable: ${reason}.`, options);
  return new StoreFailureError(`${operation}: Postgres at ${server.host} refused the operation: ${reason}.`, options);
}

export function setupRequired(operation: string, server: ServerName, options?: ErrorOptions): HoldfastError {
  return new SetupRequiredError(
    `${operation}: the tables of schema "${server.schemaName}" are missing or older than this version of Holdfast. ` +
      "Run `await saver.setup()` once, at start-up or during deployment.",
    options,
  );
}

/** The text of a connection error. An AggregateError (a host with several addresses) has none itself. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

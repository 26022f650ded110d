import {
  type HoldfastError,
  isHoldfastError,
  SchemaTooNewError,
  SetupRequiredError,
  StoreFailureError,
  StoreUnavailableError,
} from "@holdfast/checkpoint-core";
import { type DatabaseError, isDatabaseError, isTransient, remedyOf } from "./faults.js";

/** SQLSTATEs for tables that are missing or older than this code. */
const NOT_SET_UP: ReadonlySet<string> = new Set([
  "42P01", // undefined_table
  "3F000", // invalid_schema_name
  "42703", // undefined_column
]);

/** SQLSTATEs of a connection that cannot be made as configured. */
const CANNOT_CONNECT: ReadonlySet<string> = new Set(["28000", "28P01", "3D000"]);

/** The SQLSTATE of our own function `refuse_format`. */
const NEWER_FORMAT = "ZF001";

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
  const remedy = remedyOf(error);
  const hint = remedy === undefined ? "" : ` ${remedy}.`;
  const place = `Postgres at ${server.host}`;
  if (!isDatabaseError(error)) {
    const what = remedy === undefined ? "could not be reached" : "cannot be connected to as configured";
    return new StoreUnavailableError(`${operation}: ${place} ${what}: ${reasonOf(error)}.${hint}`, options);
  }
  const reason = quotesNoValues(error) ? `${error.message} (SQLSTATE ${error.code})` : error.message;
  if (NOT_SET_UP.has(error.code) && operation !== "setup") return setupRequired(operation, server, options);
  if (error.code === NEWER_FORMAT) {
    return new SchemaTooNewError(`${operation}: ${error.message}, which this one cannot read. Update this process.`);
  }
  if (CANNOT_CONNECT.has(error.code)) {
    return new StoreUnavailableError(`${operation}: ${place} rejected the connection: ${reason}.${hint}`, options);
  }
  if (isTransient(error)) return new StoreUnavailableError(`${operation}: ${place} was unavailable: ${reason}.`, options);
  return new StoreFailureError(`${operation}: ${place} refused the operation: ${reason}.${hint}`, options);
}

export function setupRequired(operation: string, server: ServerName, options?: ErrorOptions): HoldfastError {
  return new SetupRequiredError(
    `${operation}: the tables of schema "${server.schemaName}" are missing or older than this version of Holdfast. ` +
      "Run `await saver.setup()` once, at start-up or during deployment.",
    options,
  );
}

/** What a retry is told by. */
export function reasonOfRetry(error: unknown): string {
  if (!isDatabaseError(error)) return reasonOf(error);
  return `${quotesNoValues(error) ? error.message : "it refused"} (SQLSTATE ${error.code})`;
}

/** The text of a connection error. An AggregateError (a host with several addresses) has none itself. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

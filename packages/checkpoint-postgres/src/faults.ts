import { isHoldfastError } from "@holdfast/checkpoint-core";
import { tlsFault } from "@holdfast/checkpoint-core/adapter";

/**
 * What becomes of an operation that met a fault: it is tried again, or it fails at once and says what to change. What stands in neither table is tried again
 * where the server gave no answer (refused, reset, timed out, a name without an address), and fails at once where it did. `docs/operate/postgres.md` shows both.
 */

/** SQLSTATEs after which the same statement may succeed. https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const RETRIED: ReadonlyMap<string, string> = new Map([
  ["08", "connection_exception, the whole class"],
  ["23503", "foreign_key_violation: the thread was deleted while we wrote to it; the next try begins it anew"],
  ["25006", "read_only_sql_transaction: the server that we reached is a replica, or was demoted by a failover"],
  ["25P03", "idle_in_transaction_session_timeout"],
  ["40001", "serialization_failure"],
  ["40P01", "deadlock_detected"],
  ["53300", "too_many_connections"],
  ["53400", "configuration_limit_exceeded: the connection limit of a role or a database"],
  ["55P03", "lock_not_available"],
  ["57014", "query_canceled: a statement_timeout of the server, or an administrator"],
  ["57P01", "admin_shutdown: pg_terminate_backend, a fast shutdown"],
  ["57P02", "crash_shutdown"],
  ["57P03", "cannot_connect_now: starting up or in recovery"],
  ["57P05", "idle_session_timeout"],
]);

/** What no repetition mends, by SQLSTATE, the code of Node's error or a name of ours, with what to change. */
export const AT_ONCE: ReadonlyMap<string, string> = new Map([
  [
    "28000",
    "Look at the role's name, and at the server's pg_hba.conf; where it says 'no encryption', add ?sslmode=verify-full or the option ssl",
  ],
  ["28P01", "Look at the user and the password; in a connection string both are percent-encoded"],
  ["3D000", "Create the database, or name another one at the end of the connection string"],
  ["42501", "Grant the role what is missing: docs/operate/postgres.md lists the rights"],
  ["EACCES", "Let this process use the server's socket"],
  ["NO_TLS", "Turn TLS on in the server, or leave sslmode and ssl out"],
  ["SASL", "Give a password, and not an empty one: in the connection string, in PGPASSWORD or in the pool's options"],
  [
    "TLS_CERTIFICATE",
    "Give the certificate of the authority that signed the server's: the option ssl: { ca }, or sslrootcert=FILE in the connection string",
  ],
  ["TLS_NAME", "Connect by a name that the server's certificate has, or give that name: the option ssl: { servername }"],
  ["TLS_PROTOCOL", "Look whether the address is one of a server with TLS, and at the keys and certificates in ssl"],
]);

/** What an error of `pg` says beyond its text. */
export interface DatabaseError extends Error {
  readonly code: string;
  readonly severity: string;
}

export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && "severity" in error && "code" in error && typeof error.code === "string";
}

/** What to change before another try; `undefined` when there is nothing. */
export function remedyOf(error: unknown): string | undefined {
  if (isDatabaseError(error)) return AT_ONCE.get(error.code);
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { readonly code?: unknown };
  const fault = tlsFault(code);
  if (fault !== undefined) return AT_ONCE.get(`TLS_${fault.toUpperCase()}`);
  if (typeof code === "string") return AT_ONCE.get(code);
  // `pg` gives these two no code, in any version: their text is all there is.
  if (error.message.startsWith("SASL: ")) return AT_ONCE.get("SASL");
  if (error.message === "The server does not support SSL connections") return AT_ONCE.get("NO_TLS");
  return undefined;
}

/**
 * Whether another try may succeed.
 *
 * Whatever fails without an answer of the server is a fault of the connection: `pg` gives some of these no code, so they are told by what they are not. A bug in
 * the calling code is a TypeError or RangeError, and is never retried.
 */
export function isTransient(error: unknown): boolean {
  if (isHoldfastError(error) || error instanceof TypeError || error instanceof RangeError) return false;
  if (isDatabaseError(error)) return RETRIED.has(error.code) || RETRIED.has(error.code.slice(0, 2));
  return error instanceof Error && remedyOf(error) === undefined;
}

/** Faults of many clients at once, which another try mends as a rule: nobody needs to be told. */
const USUAL: ReadonlySet<string> = new Set(["23503", "40001", "40P01", "55P03"]);

/** Whether a fault that is retried is worth a warning. */
export function isUnusual(error: unknown): boolean {
  return !isDatabaseError(error) || !USUAL.has(error.code);
}

/** Whether the connection that failed with this error can be used again: it can when the server answered, did not end the session, and takes writes. */
export function leavesConnectionUsable(error: unknown): boolean {
  return isDatabaseError(error) && error.severity === "ERROR" && !isReadOnly(error);
}

/** The server takes no writes, nor will it on its other connections: after a failover they lead to what was the primary. */
export function isReadOnly(error: unknown): boolean {
  return isDatabaseError(error) && error.code === "25006";
}

/** SQLSTATEs of a prepared statement that this connection does not have, or has already: it is another one than the client believes. */
const ABOUT_STATEMENT_NAME: ReadonlySet<string> = new Set([
  "26000", // invalid_sql_statement_name
  "42P05", // duplicate_prepared_statement
]);

export function isAboutStatementName(error: unknown): boolean {
  return isDatabaseError(error) && ABOUT_STATEMENT_NAME.has(error.code);
}

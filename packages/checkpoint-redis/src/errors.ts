import { isHoldfastError, NotDurableError, StoreFailureError, StoreUnavailableError } from "@holdfast/checkpoint-core";

/** Error codes after which the same script may succeed. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const TRANSIENT: ReadonlySet<string> = new Set([
  "LOADING", // the server reads its data from disk
  "READONLY", // the server we reached was demoted by a failover
  "MASTERDOWN", // a replica that lost its master
  "CLUSTERDOWN", // slots without a master: a failover is going on
  "TRYAGAIN", // a slot is being moved
  "MOVED", // ioredis follows redirections; these come through when it gave up
  "ASK",
  "BUSY", // somebody's script runs for long
  "NOSCRIPT", // forgotten again before we came to call it (SCRIPT FLUSH, or another server by now)
  "NOREPLICAS", // fewer replicas than min-replicas-to-write
]);

/** Codes of a connection that cannot be made as configured: another try does not help. */
const CANNOT_CONNECT: ReadonlySet<string> = new Set(["NOAUTH", "WRONGPASS"]);

/** Codes of a connection that still points to a server which is not the master any more. */
const NOT_THE_MASTER: ReadonlySet<string> = new Set(["READONLY", "MASTERDOWN"]);

/** A reply with which the server refuses a command. `redis-errors` of ioredis names the class; copies of it may differ. */
function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** Before Redis 7, the error of a command in a script stands in the error of the script. */
const WITHIN_SCRIPT = /@user_script: ?\d+: -?([A-Z][A-Z0-9]+) /;

/** The code of a reply: its first word. */
export function codeOf(error: unknown): string | undefined {
  if (!isReply(error)) return undefined;
  const code = /^([A-Z][A-Z0-9]*)\b/.exec(error.message)?.[1];
  return code === "ERR" ? (WITHIN_SCRIPT.exec(error.message)?.[1] ?? code) : code;
}

/** A cluster of which no node would talk to us says why in the error of the last one. */
function decisive(error: unknown): unknown {
  const { lastNodeError } = (error ?? {}) as { readonly lastNodeError?: unknown };
  return isReply(lastNodeError) ? lastNodeError : error;
}

/**
 * Whether another try may succeed.
 *
 * Whatever fails without a reply of the server is a fault of the connection (refused, reset, timed out, no node of the cluster reached). A bug in the
 * calling code is a TypeError or RangeError, and is never retried.
 */
export function isTransient(failure: unknown): boolean {
  const error = decisive(failure);
  if (error instanceof NotDurableError) return true;
  if (isHoldfastError(error) || error instanceof TypeError || error instanceof RangeError) return false;
  const code = codeOf(error);
  return code === undefined ? error instanceof Error : TRANSIENT.has(code);
}

/** Whether the connection must be made anew to find the master. */
export function needsNewConnection(error: unknown): boolean {
  return NOT_THE_MASTER.has(codeOf(error) ?? "");
}

/** The refusal of the database that a client was told to use: ioredis reports it, and goes on in database 0. */
export function isDatabaseRefusal(error: unknown): boolean {
  const code = codeOf(error);
  const { command } = error as { readonly command?: { readonly name?: unknown } };
  return command?.name === "select" && code !== undefined && !TRANSIENT.has(code) && !CANNOT_CONNECT.has(code);
}

/** What was to be stored would land among what belongs to others. */
export function wrongDatabase(operation: string, host: string, database: number, cause?: unknown): StoreFailureError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new StoreFailureError(
    `${operation}: Redis at ${host} does not let us use database ${database}${why}. Nothing was stored.`,
    {
      cause: withoutCommand(cause),
    },
  );
}

/** Whether a cluster has sent us elsewhere. */
export function isRedirection(error: unknown): boolean {
  const code = codeOf(error);
  return code === "MOVED" || code === "ASK";
}

/** Redis quotes the arguments of a command that it does not know, or that was renamed. */
const QUOTED_ARGUMENTS = /,? with args beginning with:.*$/s;

/** ioredis puts the command on its errors, with all that it was given: the password (contract C-73), or what was to be stored. */
function withoutCommand(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { command: _, lastNodeError, ...kept } = Object.getOwnPropertyDescriptors(error) as PropertyDescriptorMap;
  const nested = lastNodeError === undefined ? {} : { lastNodeError: { value: withoutCommand(lastNodeError.value) } };
  const clean: Error = Object.create(Object.getPrototypeOf(error), { ...kept, ...nested });
  if (QUOTED_ARGUMENTS.test(error.message)) {
    clean.message = error.message.replace(QUOTED_ARGUMENTS, "");
    clean.stack = `${error.name}: ${clean.message}`;
  }
  return clean;
}

/**
 * The error that a caller sees (contract C-71): one family, with the driver's as its cause.
 *
 * @param host where the server is. Never the user or the password.
 * @param reason why there is no connection, as far as the client has told: its own error may say only how often it tried.
 */
export function toHoldfastError(failure: unknown, operation: string, host: string, reason?: Error): unknown {
  if (isHoldfastError(failure) || failure instanceof TypeError || failure instanceof RangeError) return failure;
  const error = decisive(failure);
  const code = codeOf(error);
  const text = error instanceof Error ? error.message.replace(QUOTED_ARGUMENTS, "") : typeof error;
  if (code === undefined) {
    return new StoreUnavailableError(`${operation}: Redis at ${host} could not be reached: ${reason?.message ?? text}.`, {
      cause: withoutCommand(reason ?? error),
    });
  }
  const options = { cause: withoutCommand(error) };
  if (CANNOT_CONNECT.has(code)) {
    return new StoreUnavailableError(`${operation}: Redis at ${host} does not let us in: ${text}`, options);
  }
  if (TRANSIENT.has(code)) return new StoreUnavailableError(`${operation}: Redis at ${host} was not available: ${text}`, options);
  if (code === "OOM") {
    return new StoreFailureError(
      `${operation}: Redis at ${host} is full: its maxmemory is reached. Nothing was stored. Raise maxmemory, or let threads expire (ttl).`,
      options,
    );
  }
  return new StoreFailureError(`${operation}: Redis at ${host} refused: ${text}`, options);
}

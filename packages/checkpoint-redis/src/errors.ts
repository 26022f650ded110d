import { isHoldfastError, NotDurableError, StoreFailureError, StoreUnavailableError } from "@holdfast/checkpoint-core";

/** Error codes after which the same script may succeed. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const TRANSIENT: ReadonlySet<string> = new Set([
  "LOADING", // the server reads its data from disk
  "READONLY", // the server we reached was demoted by a failover
  "MASTERDOWN", // a replica that lost its master
  "CLUSTERDOWN", // slots without a master: a failover is in progress
  "TRYAGAIN", // a slot is being moved
  "MOVED", // ioredis follows redirections until it gives up
  "ASK",
  "BUSY", // a script has been running for long
  "NOSCRIPT", // the script was flushed before the call, or the server is another one
  "NOREPLICAS", // fewer replicas than min-replicas-to-write
]);

/** Codes of a wrong configuration: a retry does not help. */
const CANNOT_CONNECT: ReadonlySet<string> = new Set(["NOAUTH", "WRONGPASS"]);

/** Codes of a server that is no longer the master. */
const NOT_THE_MASTER: ReadonlySet<string> = new Set(["READONLY", "MASTERDOWN"]);

/** An error reply of the server. Recognized by its name, because there may be copies of `redis-errors`. */
function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** Before Redis 7, a script's error contains the error of its command. */
const WITHIN_SCRIPT = /@user_script: ?\d+: -?([A-Z][A-Z0-9]+) /;

/** The code of a reply: its first word. */
export function codeOf(error: unknown): string | undefined {
  if (!isReply(error)) return undefined;
  const code = /^([A-Z][A-Z0-9]*)\b/.exec(error.message)?.[1];
  return code === "ERR" ? (WITHIN_SCRIPT.exec(error.message)?.[1] ?? code) : code;
}

/** If no node of a cluster answers, the last node's error says why. */
function decisive(error: unknown): unknown {
  const { lastNodeError } = (error ?? {}) as { readonly lastNodeError?: unknown };
  return isReply(lastNodeError) ? lastNodeError : error;
}

/**
 * Whether a retry may succeed.
 *
 * A failure without a reply of the server is a connection fault (refused, reset, timed out, no node of the cluster reached). A bug in the calling code is a
 * TypeError or RangeError, and is never retried.
 */
export function isTransient(failure: unknown): boolean {
  const error = decisive(failure);
  if (error instanceof NotDurableError) return true;
  if (isHoldfastError(error) || error instanceof TypeError || error instanceof RangeError) return false;
  const code = codeOf(error);
  return code === undefined ? error instanceof Error : TRANSIENT.has(code);
}

/** Whether the client must reconnect to find the master. */
export function needsNewConnection(error: unknown): boolean {
  return NOT_THE_MASTER.has(codeOf(error) ?? "");
}

/** Whether the server refused a client's database: ioredis reports it, and silently uses database 0. */
export function isDatabaseRefusal(error: unknown): boolean {
  const code = codeOf(error);
  const { command } = error as { readonly command?: { readonly name?: unknown } };
  return command?.name === "select" && code !== undefined && !TRANSIENT.has(code) && !CANNOT_CONNECT.has(code);
}

/** The error of a refused database, where writes would land among other data. */
export function wrongDatabase(operation: string, host: string, database: number, cause?: unknown): StoreFailureError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new StoreFailureError(`${operation}: Redis at ${host} refused database ${database}${why}. Nothing was stored.`, {
    cause: withoutCommand(cause),
  });
}

/** Whether a cluster redirected the command. */
export function isRedirection(error: unknown): boolean {
  const code = codeOf(error);
  return code === "MOVED" || code === "ASK";
}

/** Redis quotes the arguments of an unknown or renamed command. */
const QUOTED_ARGUMENTS = /,? with args beginning with:.*$/s;

/** ioredis attaches the command to its errors, with all arguments: the password (contract C-73), or values. */
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
 * @param host the server's address. Never the user or the password.
 * @param reason why there is no connection, if known: the client's own error may only say how often it tried.
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
    return new StoreUnavailableError(`${operation}: Redis at ${host} rejected the connection: ${text}`, options);
  }
  if (TRANSIENT.has(code)) return new StoreUnavailableError(`${operation}: Redis at ${host} was unavailable: ${text}`, options);
  if (code === "OOM") {
    return new StoreFailureError(
      `${operation}: Redis at ${host} has reached its maxmemory. Nothing was stored. Raise maxmemory, or let threads expire (ttl).`,
      options,
    );
  }
  return new StoreFailureError(`${operation}: Redis at ${host} refused the operation: ${text}`, options);
}

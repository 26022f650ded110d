import { isHoldfastError, StoreFailureError, StoreUnavailableError } from "@holdfast/checkpoint-core";
import { cannotConnect, codeOf, decisive, RETRIED, remedyOf } from "./faults.js";

/** The error of a refused database, where writes would land among other data. */
export function wrongDatabase(operation: string, host: string, database: number, cause?: unknown): StoreFailureError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new StoreFailureError(`${operation}: Redis at ${host} refused database ${database}${why}. Nothing was stored.`, {
    cause: withoutCommand(cause),
  });
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
  const found = decisive(failure);
  // A client that has no connection says of a command only how often it tried.
  const error = (codeOf(found) ?? remedyOf(found)) === undefined ? (reason ?? found) : found;
  const code = codeOf(error);
  const remedy = remedyOf(error);
  const text = `${textOf(error)}${remedy === undefined ? "" : `. ${remedy}`}`;
  const options = { cause: withoutCommand(error) };
  if (code === undefined) {
    const what = remedy === undefined ? "could not be reached" : "cannot be connected to as configured";
    return new StoreUnavailableError(`${operation}: Redis at ${host} ${what}: ${text}.`, options);
  }
  if (cannotConnect(error))
    return new StoreUnavailableError(`${operation}: Redis at ${host} rejected the connection: ${text}.`, options);
  if (RETRIED.has(code)) return new StoreUnavailableError(`${operation}: Redis at ${host} was unavailable: ${text}.`, options);
  if (code === "OOM") {
    return new StoreFailureError(
      `${operation}: Redis at ${host} has reached its maxmemory. Nothing was stored. Raise maxmemory, or let threads expire (ttl).`,
      options,
    );
  }
  return new StoreFailureError(`${operation}: Redis at ${host} refused the operation: ${text}.`, options);
}

/** What an error says, without arguments of commands and the last stop. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(QUOTED_ARGUMENTS, "").replace(/[.]$/, "") : typeof error;
}

import { isHoldfastError, NotDurableError } from "@holdfast/checkpoint-core";
import { tlsFault } from "@holdfast/checkpoint-core/adapter";

/**
 * What becomes of an operation that met a fault: it is tried again, or it fails at once and says what to change. What stands in neither table is tried again
 * where the server gave no answer (refused, reset, timed out, a name without an address), and fails at once where it did. `docs/operate/redis.md` shows both.
 */

/** Error codes after which the same script may succeed. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
export const RETRIED: ReadonlyMap<string, string> = new Map([
  ["ASK", "a slot is being moved; ioredis follows it, and this comes through when it gave up"],
  ["BUSY", "somebody's script runs for long"],
  ["CLUSTERDOWN", "slots without a master: a failover is going on"],
  ["LOADING", "the server reads its data from disk"],
  ["MASTERDOWN", "a replica that lost its master"],
  ["MAXCLIENTS", "the server has as many clients as it takes (`ERR max number of clients reached`)"],
  ["MOVED", "a slot was moved; as for ASK"],
  ["NOREPLICAS", "fewer replicas than min-replicas-to-write"],
  ["NOSCRIPT", "forgotten again before we came to call it (SCRIPT FLUSH, or another server by now)"],
  ["READONLY", "the server that we reached is a replica, or was demoted by a failover"],
  ["TRYAGAIN", "a slot is being moved"],
]);

/** What no repetition mends, by the code of the reply, of Node's error or a name of ours, with what to change. */
export const AT_ONCE: ReadonlyMap<string, string> = new Map([
  ["EACCES", "Let this process use the server's socket"],
  ["NOAUTH", "Give a password: in the URL, redis://:password@host:6379, or as the option password of the client"],
  ["NOPERM", "Give the user what is missing: docs/operate/redis.md lists the rights"],
  ["NOT_REDIS", "Look at host and port: what answers there does not speak Redis' protocol"],
  [
    "TLS_CERTIFICATE",
    "Give the certificate of the authority that signed the server's: the option tls: { ca } of the client, or the environment variable NODE_EXTRA_CA_CERTS",
  ],
  [
    "TLS_NAME",
    "Connect by a name that the server's certificate has, or give that name: the option tls: { servername } of the client",
  ],
  ["TLS_PROTOCOL", "Look whether the address is one of a server with TLS: rediss:// is for those, redis:// for the others"],
  ["WRONGPASS", "Look at the user and the password; in a URL both are percent-encoded"],
]);

/** Codes of a connection that cannot be made as configured. */
const CANNOT_CONNECT: ReadonlySet<string> = new Set(["NOAUTH", "WRONGPASS"]);

/** Codes of a connection that still points to a server which is not the master any more. */
const NOT_THE_MASTER: ReadonlySet<string> = new Set(["READONLY", "MASTERDOWN"]);

/** Faults that another try mends as a rule: nobody needs to be told. */
const USUAL: ReadonlySet<string> = new Set(["ASK", "MOVED", "NOSCRIPT", "TRYAGAIN"]);

/** A reply with which the server refuses a command. `redis-errors` of ioredis names the class; copies of it may differ. */
function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** Before Redis 7, the error of a command in a script stands in the error of the script. */
const WITHIN_SCRIPT = /@user_script: ?\d+: -?([A-Z][A-Z0-9]+) /;

/** What a server says of a command that the user of a script may not call; only some versions give it a code of its own. */
const NOT_ALLOWED_IN_SCRIPT = /user executing the script can't|ACL failure in script/;

/** The code of a reply: its first word. The one that sends clients away has no code but ERR. */
export function codeOf(error: unknown): string | undefined {
  if (!isReply(error)) return undefined;
  const code = /^([A-Z][A-Z0-9]*)\b/.exec(error.message)?.[1];
  if (code !== "ERR") return code;
  if (error.message.startsWith("ERR max number of clients")) return "MAXCLIENTS";
  if (NOT_ALLOWED_IN_SCRIPT.test(error.message)) return "NOPERM";
  return WITHIN_SCRIPT.exec(error.message)?.[1] ?? code;
}

/** A cluster of which no node would talk to us says why in the error of the last one. */
export function decisive(error: unknown): unknown {
  const { lastNodeError } = (error ?? {}) as { readonly lastNodeError?: unknown };
  return isReply(lastNodeError) || remedyOf(lastNodeError) !== undefined ? lastNodeError : error;
}

/** What to change before another try; `undefined` when there is nothing. */
export function remedyOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const reply = codeOf(error);
  if (reply !== undefined) return AT_ONCE.get(reply);
  const { code } = error as { readonly code?: unknown };
  const fault = tlsFault(code);
  if (fault !== undefined) return AT_ONCE.get(`TLS_${fault.toUpperCase()}`);
  return typeof code === "string" ? AT_ONCE.get(code) : undefined;
}

/**
 * Whether another try may succeed.
 *
 * Whatever fails without a reply of the server is a fault of the connection. A bug in the calling code is a TypeError or RangeError, and is never retried.
 */
export function isTransient(failure: unknown): boolean {
  const error = decisive(failure);
  if (error instanceof NotDurableError) return true;
  if (isHoldfastError(error) || error instanceof TypeError || error instanceof RangeError) return false;
  const code = codeOf(error);
  return code === undefined ? error instanceof Error && remedyOf(error) === undefined : RETRIED.has(code);
}

/** Whether a fault that is retried is worth a warning. */
export function isUnusual(failure: unknown): boolean {
  const error = decisive(failure);
  return !(error instanceof NotDurableError) && !USUAL.has(codeOf(error) ?? "");
}

export function cannotConnect(error: unknown): boolean {
  return CANNOT_CONNECT.has(codeOf(error) ?? "");
}

/** Whether the connection must be made anew to find the master. */
export function needsNewConnection(error: unknown): boolean {
  return NOT_THE_MASTER.has(codeOf(error) ?? "");
}

/** Whether a cluster has sent us elsewhere. */
export function isRedirection(error: unknown): boolean {
  const code = codeOf(error);
  return code === "MOVED" || code === "ASK";
}

/** The refusal of the database that a client was told to use: ioredis reports it, and goes on in database 0. */
export function isDatabaseRefusal(error: unknown): boolean {
  const code = codeOf(error);
  const { command } = error as { readonly command?: { readonly name?: unknown } };
  return command?.name === "select" && code !== undefined && !RETRIED.has(code) && !CANNOT_CONNECT.has(code);
}

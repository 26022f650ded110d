import { InvalidThreadIdError } from "../errors.js";

/** Longest `thread_id` in UTF-8 bytes: it is an index key in Postgres (limit 2,704 bytes) and a part of every Redis key. */
export const MAX_THREAD_ID_BYTES = 1024;

/**
 * A `thread_id` as it is stored: a non-empty, well-formed string without NUL, at most {@link MAX_THREAD_ID_BYTES} UTF-8 bytes (contract C-01).
 *
 * @param value what the caller put in `configurable.thread_id`; a finite integer or a bigint is taken as its decimal string.
 * @throws InvalidThreadIdError for anything else.
 */
export function parseThreadId(value: unknown): string {
  if (typeof value === "bigint") return parseThreadId(value.toString());
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return String(value);
    throw new InvalidThreadIdError(
      `thread_id is the number ${value}. Only safe integers name a thread: write it as a string, e.g. thread_id: "${value}".`,
    );
  }
  if (typeof value !== "string") {
    throw new InvalidThreadIdError(`thread_id is ${describe(value)}. It must be a string, e.g. thread_id: "user-1".`);
  }
  if (value === "")
    throw new InvalidThreadIdError('thread_id is the empty string. Give each conversation an id, e.g. thread_id: "user-1".');
  const fault = malformation(value, MAX_THREAD_ID_BYTES);
  if (fault !== undefined) throw new InvalidThreadIdError(`thread_id ${fault}.`);
  return value;
}

/** The parts of a composite thread id, from the outside in. */
export interface ThreadIdParts {
  readonly tenant?: string;
  readonly user?: string;
  readonly conversation?: string;
}

const PART_NAMES = ["tenant", "user", "conversation"] as const;

/**
 * One `thread_id` from several parts, readable and free of collisions: different parts never give the same id (contract C-04).
 * `threadId({ tenant: "acme", user: "42", conversation: "7" })` is `tenant:acme/user:42/conversation:7`; `%` and `/` inside a part are escaped.
 *
 * @throws InvalidThreadIdError when no part is given, a part is empty or malformed, or the whole is too long.
 */
export function threadId(parts: ThreadIdParts): string {
  const written: string[] = [];
  for (const name of PART_NAMES) {
    const part = parts[name];
    if (part === undefined) continue;
    if (typeof part !== "string" || part === "") {
      throw new InvalidThreadIdError(
        `threadId(): ${name} is ${part === "" ? "empty" : describe(part)}. Give a non-empty string or leave it out.`,
      );
    }
    written.push(`${name}:${part.replaceAll("%", "%25").replaceAll("/", "%2F")}`);
  }
  if (written.length === 0) throw new InvalidThreadIdError("threadId() needs at least one of tenant, user and conversation.");
  return parseThreadId(written.join("/"));
}

/** What makes `value` unfit as an id, as the end of a sentence; `undefined` when it is fit. */
export function malformation(value: string, maxBytes: number): string | undefined {
  if (value.includes("\0")) return "contains a NUL character";
  // `Buffer.byteLength` counts a lone surrogate as 3 bytes; it would be stored as U+FFFD, so that two ids could become one.
  if (!value.isWellFormed()) return "contains a lone surrogate (half of a UTF-16 pair)";
  const bytes = Buffer.byteLength(value, "utf8");
  if (bytes > maxBytes) return `is ${bytes} bytes of UTF-8 long; the longest allowed is ${maxBytes}`;
  return undefined;
}

/** The kind of a value that is not what was asked for, for an error message. Never the value itself: it may hold secrets. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

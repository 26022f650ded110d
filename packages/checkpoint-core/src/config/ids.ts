import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidConfigError, InvalidThreadIdError, MissingThreadIdError } from "../errors.js";

/** Longest `thread_id` in UTF-8 bytes: it is an index key in Postgres (limit 2,704 bytes) and a part of every Redis key. */
export const MAX_THREAD_ID_BYTES = 1024;
/** Longest `checkpoint_ns` in UTF-8 bytes: some 30 nested subgraphs. With the ids it must fit one Postgres index entry (2,704 bytes). */
export const MAX_NAMESPACE_BYTES = 1536;
/** Longest checkpoint id and task id in UTF-8 bytes. LangGraph's own are UUIDs of 36. */
export const MAX_ID_BYTES = 256;
/** Longest task path in UTF-8 bytes: more than a thousand tasks, each called by the one before. */
const MAX_TASK_PATH_BYTES = 65_536;

/** The thread and namespace that a config names. */
export interface NamespaceRef {
  readonly threadId: string;
  readonly namespace: string;
}

/** One checkpoint. */
export interface CheckpointRef extends NamespaceRef {
  readonly checkpointId: string;
}

/** Names a checkpoint within its thread, as a key of maps. Neither part contains NUL (contract C-05). */
export function checkpointName({ namespace, checkpointId }: CheckpointKey): string {
  return `${namespace}\0${checkpointId}`;
}

/**
 * The `thread_id` of a config, or `undefined` when there is none.
 *
 * @throws InvalidThreadIdError if it cannot name a thread, which includes `""` and `null`: a request whose id went missing must not read all threads
 *   (contract C-02).
 */
export function optionalThreadId(config: RunnableConfig): string | undefined {
  const given: unknown = config?.configurable?.thread_id;
  return given === undefined ? undefined : storedThreadId(given);
}

/** The argument of `deleteThread`: an id, not a config. */
export function threadIdArgument(value: unknown, operation: string): string {
  if (value === undefined) throw new MissingThreadIdError(operation);
  if (value === null) throw new InvalidThreadIdError("thread_id is null.");
  return storedThreadId(value);
}

/** The `checkpoint_ns` of a config, if it names one. */
export function optionalNamespace(config: RunnableConfig): string | undefined {
  const given: unknown = config?.configurable?.checkpoint_ns;
  if (given === undefined) return undefined;
  return wellFormed(given, "checkpoint_ns", MAX_NAMESPACE_BYTES);
}

/**
 * The `checkpoint_id` of a config (or `thread_ts`, its older name, as in upstream's `getCheckpointId`), if it names one.
 *
 * @throws InvalidConfigError when it is not a well-formed string.
 */
export function optionalCheckpointId(config: RunnableConfig): string | undefined {
  const { checkpoint_id: id, thread_ts: olderName } = (config?.configurable ?? {}) as Readonly<Record<string, unknown>>;
  const given = id === undefined || id === null || id === "" ? olderName : id;
  if (given === undefined || given === null || given === "") return undefined;
  return wellFormed(given, "checkpoint_id", MAX_ID_BYTES);
}

/**
 * The thread and namespace that a config names; without a namespace, that of the root graph.
 *
 * @throws MissingThreadIdError when it names no thread, InvalidThreadIdError, InvalidConfigError
 */
export function namespaceRef(config: RunnableConfig, operation: string): NamespaceRef {
  const threadId = optionalThreadId(config);
  if (threadId === undefined) throw new MissingThreadIdError(operation);
  return { threadId, namespace: optionalNamespace(config) ?? "" };
}

/**
 * The checkpoint that a config names.
 *
 * @throws MissingThreadIdError, InvalidThreadIdError, InvalidConfigError
 */
export function checkpointRef(config: RunnableConfig, operation: string): CheckpointRef {
  const ref = namespaceRef(config, operation);
  const checkpointId = optionalCheckpointId(config);
  if (checkpointId === undefined) {
    throw new InvalidConfigError(`${operation} needs configurable.checkpoint_id: the checkpoint that the writes belong to.`);
  }
  return { ...ref, checkpointId };
}

/** An id that is passed outside of the config: a checkpoint's own, or a task's. */
export function requiredId(value: unknown, name: string): string {
  if (value === "") throw new InvalidConfigError(`${name} is the empty string.`);
  return wellFormed(value, name, MAX_ID_BYTES);
}

/** Names one checkpoint of a thread. */
export interface CheckpointKey {
  readonly namespace: string;
  readonly checkpointId: string;
}

/** Whether a namespace and an id can name a checkpoint. */
export function isCheckpointKey(namespace: string, id: unknown): id is string {
  if (typeof id !== "string" || id === "") return false;
  return malformation(id, MAX_ID_BYTES) === undefined && malformation(namespace, MAX_NAMESPACE_BYTES) === undefined;
}

/** The fourth argument of `putWrites`. It may be long, because the path of a task that another task called contains the caller's. */
export function taskPathArgument(value: unknown): string {
  return wellFormed(value, "taskPath", MAX_TASK_PATH_BYTES);
}

/** The config that names a checkpoint, with exactly the three keys of contract C-12. */
export function configOf(ref: CheckpointRef): RunnableConfig {
  return { configurable: { thread_id: ref.threadId, checkpoint_ns: ref.namespace, checkpoint_id: ref.checkpointId } };
}

/** The config that names a namespace, or the latest checkpoint in it. */
export function namespaceConfig({ threadId, namespace }: NamespaceRef): RunnableConfig {
  return { configurable: { thread_id: threadId, checkpoint_ns: namespace } };
}

/**
 * A `thread_id` as it is stored: a non-empty, well-formed string without NUL, at most {@link MAX_THREAD_ID_BYTES} UTF-8 bytes (contract C-01).
 *
 * @param value the caller's `configurable.thread_id`; an integer or bigint is taken as its decimal string.
 * @throws InvalidThreadIdError for anything else.
 */
export function storedThreadId(value: unknown): string {
  if (typeof value === "bigint") return storedThreadId(value.toString());
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

/** The parts of a composite thread id, outermost first. */
export interface ThreadIdParts {
  readonly tenant?: string;
  readonly user?: string;
  readonly conversation?: string;
}

/** The parts as they are given: a part that may be `undefined` does not compile, also without `exactOptionalPropertyTypes`. */
export type GivenThreadIdParts<Parts> = {
  readonly [Name in keyof Parts]: Name extends keyof ThreadIdParts
    ? Required<Parts>[Name] extends string
      ? Parts[Name]
      : never
    : never;
};

const PART_NAMES = ["tenant", "user", "conversation"] as const satisfies readonly (keyof ThreadIdParts)[];

/**
 * Builds one readable `thread_id` from several parts. Different parts never give the same id (contract C-04).
 * `threadId({ tenant: "acme", user: "42", conversation: "7" })` is `tenant:acme/user:42/conversation:7`; `%` and `/` inside a part are escaped.
 *
 * @throws InvalidThreadIdError when there is no part, a part is there and is `undefined`, `null`, empty or malformed, or the whole is too long: users without a
 *   session must not share one thread.
 */
export function threadId<const Parts extends ThreadIdParts>(parts: Parts & GivenThreadIdParts<Parts>): string {
  const given: Readonly<Record<string, unknown>> = { ...parts };
  const unknown = Object.keys(given).find((name) => !(PART_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new InvalidThreadIdError(`threadId(): ${unknown} is no part of a thread id. The parts are ${PART_NAMES.join(", ")}.`);
  }
  const written: string[] = [];
  for (const name of PART_NAMES) {
    if (!Object.hasOwn(given, name)) continue;
    const part = given[name];
    if (typeof part !== "string" || part === "") {
      throw new InvalidThreadIdError(
        `threadId(): ${name} is ${part === "" ? "empty" : describe(part)}. Give a non-empty string or leave it out.`,
      );
    }
    written.push(`${name}:${part.replaceAll("%", "%25").replaceAll("/", "%2F")}`);
  }
  if (written.length === 0) throw new InvalidThreadIdError("threadId() needs at least one of tenant, user and conversation.");
  return storedThreadId(written.join("/"));
}

/**
 * The parts that {@link threadId} made an id from.
 *
 * @returns `undefined` for an id that it did not make.
 * @throws InvalidThreadIdError for what cannot be the id of a thread.
 */
export function parseThreadId(id: string): ThreadIdParts | undefined {
  const text = storedThreadId(id);
  const parts = new Map<string, string>();
  for (const written of text.split("/")) {
    const colon = written.indexOf(":");
    parts.set(
      written.slice(0, colon),
      written
        .slice(colon + 1)
        .replaceAll("%2F", "/")
        .replaceAll("%25", "%"),
    );
  }
  const found: ThreadIdParts = Object.fromEntries(parts);
  // Other orders, names or escapes are not what threadId() writes.
  return isMadeFrom(text, found) ? found : undefined;
}

function isMadeFrom(id: string, parts: ThreadIdParts): boolean {
  try {
    return threadId(parts) === id;
  } catch {
    return false;
  }
}

/** What is wrong with `value` as an id, as the end of a sentence; `undefined` if nothing is. */
export function malformation(value: string, maxBytes: number): string | undefined {
  if (value.includes("\0")) return "contains a NUL character";
  // `Buffer.byteLength` counts a lone surrogate as 3 bytes; it would be stored as U+FFFD, and two ids could become one.
  if (!value.isWellFormed()) return "contains a lone surrogate (half of a UTF-16 pair)";
  const bytes = Buffer.byteLength(value, "utf8");
  if (bytes > maxBytes) return `is ${bytes} bytes of UTF-8 long; the longest allowed is ${maxBytes}`;
  return undefined;
}

/** The kind of an unsuitable value, for an error message. Never the value itself: it may hold secrets. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

function wellFormed(value: unknown, name: string, maxBytes: number): string {
  if (typeof value !== "string") throw new InvalidConfigError(`${name} is ${describe(value)}. It must be a string.`);
  const fault = malformation(value, maxBytes);
  if (fault !== undefined) throw new InvalidConfigError(`${name} ${fault}.`);
  return value;
}

/** A UUID as LangGraph writes it. Upper case is another string, so another id. */
const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID_BYTES = 16;

/**
 * A checkpoint or task id as stored: a UUID as its 16 bytes, any other string as UTF-8 behind a zero byte.
 *
 * Rows and two indexes contain ids; 16 bytes in place of 36 saves some 480 of the 4,500 bytes that a turn of 1,500 characters may cost.
 * Ids contain no NUL (contract C-05), so the leading zero bytes are unambiguous, and UUIDs keep their order as bytes.
 */
export function encodeId(id: string): Buffer {
  if (CANONICAL_UUID.test(id)) return Buffer.from(id.replaceAll("-", ""), "hex");
  const text = Buffer.from(id, "utf8");
  const padding = text.length + 1 === UUID_BYTES ? 2 : 1;
  return Buffer.concat([Buffer.alloc(padding), text]);
}

/** The inverse of {@link encodeId}. */
export function decodeId(bytes: Buffer): string {
  if (bytes.length !== UUID_BYTES) {
    let start = 0;
    while (bytes[start] === 0) start += 1;
    return bytes.toString("utf8", start);
  }
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

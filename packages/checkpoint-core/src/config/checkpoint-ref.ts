import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidConfigError, InvalidThreadIdError, MissingThreadIdError } from "../errors.js";
import { describe, malformation, parseThreadId } from "./thread-id.js";

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

type Configurable = Readonly<Record<string, unknown>>;

function configurableOf(config: RunnableConfig): Configurable {
  return (config?.configurable ?? {}) as Configurable;
}

/**
 * The `thread_id` of a config, or `undefined` when there is none.
 *
 * @throws InvalidThreadIdError when one is given that cannot name a thread, an empty one and `null` included: a request whose id went missing
 *   must not read as "all threads" (contract C-02).
 */
export function optionalThreadId(config: RunnableConfig): string | undefined {
  const { thread_id: given } = configurableOf(config);
  return given === undefined ? undefined : parseThreadId(given);
}

/**
 * The `thread_id` of a config.
 *
 * @throws MissingThreadIdError when there is none, InvalidThreadIdError when it cannot name a thread.
 */
export function requiredThreadId(config: RunnableConfig, operation: string): string {
  const threadId = optionalThreadId(config);
  if (threadId === undefined) throw new MissingThreadIdError(operation);
  return threadId;
}

/** The argument of `deleteThread`: an id, not a config. */
export function threadIdArgument(value: unknown, operation: string): string {
  if (value === undefined) throw new MissingThreadIdError(operation);
  if (value === null) throw new InvalidThreadIdError("thread_id is null.");
  return parseThreadId(value);
}

/** The `checkpoint_ns` of a config, `undefined` when it does not name one. */
export function optionalNamespace(config: RunnableConfig): string | undefined {
  const { checkpoint_ns: given } = configurableOf(config);
  if (given === undefined) return undefined;
  return wellFormed(given, "checkpoint_ns", MAX_NAMESPACE_BYTES);
}

/**
 * The `checkpoint_id` of a config (or `thread_ts`, its older name, as upstream's `getCheckpointId`), `undefined` when it does not name one.
 *
 * @throws InvalidConfigError when it is not a well-formed string.
 */
export function optionalCheckpointId(config: RunnableConfig): string | undefined {
  const { checkpoint_id: id, thread_ts: olderName } = configurableOf(config);
  const given = id === undefined || id === null || id === "" ? olderName : id;
  if (given === undefined || given === null || given === "") return undefined;
  return wellFormed(given, "checkpoint_id", MAX_ID_BYTES);
}

/** The namespace that a config names for writing or reading: the root graph's when it names none. */
export function namespaceRef(config: RunnableConfig, operation: string): NamespaceRef {
  return { threadId: requiredThreadId(config, operation), namespace: optionalNamespace(config) ?? "" };
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

/** An id that is passed beside the config: a checkpoint's own, a task's. */
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

/** The fourth argument of `putWrites`. A task that a task has called has the path of its caller in its own, so it may be long. */
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

function wellFormed(value: unknown, name: string, maxBytes: number): string {
  if (typeof value !== "string") throw new InvalidConfigError(`${name} is ${describe(value)}. It must be a string.`);
  const fault = malformation(value, maxBytes);
  if (fault !== undefined) throw new InvalidConfigError(`${name} ${fault}.`);
  return value;
}

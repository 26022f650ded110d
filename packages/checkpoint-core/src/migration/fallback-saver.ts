import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { configOf } from "../config/ids.js";
import { InvalidOptionsError } from "../errors.js";

/** The config to ask the old saver with: the thread's id as a string, and no keys of ours. */
export function plainConfig({ configurable = {} }: RunnableConfig, threadId: string): RunnableConfig {
  const { checkpoint_ns, checkpoint_id } = configurable;
  return {
    configurable: {
      thread_id: threadId,
      ...(checkpoint_ns === undefined ? {} : { checkpoint_ns: checkpoint_ns as unknown }),
      ...(checkpoint_id === undefined ? {} : { checkpoint_id: checkpoint_id as unknown }),
    },
  };
}

export const threadIdOf = ({ config }: CheckpointTuple): string => String(config.configurable?.thread_id);

/** A tuple of the old saver, with exactly the keys of contract C-12. */
export function asOurs(tuple: CheckpointTuple, threadId: string): CheckpointTuple {
  const namespace = String(tuple.config.configurable?.checkpoint_ns ?? "");
  const { parentConfig, ...rest } = tuple;
  const config = configOf({ threadId, namespace, checkpointId: tuple.checkpoint.id });
  const parentId: unknown = parentConfig?.configurable?.checkpoint_id;
  if (parentId === undefined) return { ...rest, config };
  return { ...rest, config, parentConfig: configOf({ threadId, namespace, checkpointId: String(parentId) }) };
}

/**
 * The option `fallback` of a saver.
 *
 * @throws InvalidOptionsError
 */
export function resolveFallback(given: unknown): BaseCheckpointSaver | undefined {
  if (given === undefined || isSaver(given)) return given;
  throw new InvalidOptionsError("fallback must be a checkpoint saver: the one that your service used before.");
}

const METHODS = [
  "getTuple",
  "list",
  "put",
  "putWrites",
  "deleteThread",
] as const satisfies readonly (keyof BaseCheckpointSaver)[];

/** Whether `value` looks like a checkpoint saver, of any copy of the package. */
export function isSaver(value: unknown): value is BaseCheckpointSaver {
  const saver = value as Partial<BaseCheckpointSaver> | null | undefined;
  return METHODS.every((name) => typeof saver?.[name] === "function");
}

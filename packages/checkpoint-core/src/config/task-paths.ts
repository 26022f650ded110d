import type { BaseCheckpointSaver, CheckpointPendingWrite } from "@langchain/langgraph-checkpoint";
import * as checkpoint from "@langchain/langgraph-checkpoint";

/** Whether LangGraph gives the path of a task to `putWrites`, and relies on the order that it makes: from checkpoint 1.2 on. */
export const HAS_TASK_PATHS = "compareWritesSortKeys" in checkpoint;

/** `putWrites` of every saver; the types of checkpoint 1.1 lack the path. */
export type PutWrites = (...args: [...Parameters<BaseCheckpointSaver["putWrites"]>, taskPath?: string]) => Promise<void>;

/** A tuple has no place for the paths of its writes, and an import must keep them. */
const pathsOfWrites = new WeakMap<readonly CheckpointPendingWrite[], readonly (string | undefined)[]>();

/** Notes the task path of each pending write that a saver of ours reads. */
export function noteTaskPaths(writes: readonly CheckpointPendingWrite[], paths: readonly (string | undefined)[]): void {
  pathsOfWrites.set(writes, paths);
}

/** The path of each write, `undefined` for one without; or `undefined` where the tuple is not one of ours. */
export function notedTaskPaths(writes: readonly CheckpointPendingWrite[]): readonly (string | undefined)[] | undefined {
  return pathsOfWrites.get(writes);
}

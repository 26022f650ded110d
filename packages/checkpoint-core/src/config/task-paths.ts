import type { BaseCheckpointSaver, CheckpointPendingWrite } from "@langchain/langgraph-checkpoint";
import * as checkpoint from "@langchain/langgraph-checkpoint";

/** Whether LangGraph passes the path of a task to `putWrites` and relies on its order, as it does from checkpoint 1.2 on. */
export const HAS_TASK_PATHS = "compareWritesSortKeys" in checkpoint;

/** `putWrites` of every saver; the types of checkpoint 1.1 lack the path. */
export type PutWrites = (...args: [...Parameters<BaseCheckpointSaver["putWrites"]>, taskPath?: string]) => Promise<void>;

/** Tuples have no field for the paths of their writes, which an import must keep. */
const pathsOfWrites = new WeakMap<readonly CheckpointPendingWrite[], readonly (string | undefined)[]>();

/** Remembers the task path of each pending write that a saver of ours reads. */
export function noteTaskPaths(writes: readonly CheckpointPendingWrite[], paths: readonly (string | undefined)[]): void {
  pathsOfWrites.set(writes, paths);
}

/** The path of each write, `undefined` for one without; or `undefined` if the tuple is not ours. */
export function notedTaskPaths(writes: readonly CheckpointPendingWrite[]): readonly (string | undefined)[] | undefined {
  return pathsOfWrites.get(writes);
}

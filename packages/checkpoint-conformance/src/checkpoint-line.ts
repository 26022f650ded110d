import type { RunnableConfig } from "@langchain/core/runnables";
import * as checkpoint from "@langchain/langgraph-checkpoint";

/** Whether `putWrites` takes a task path, and orders by it: from `@langchain/langgraph-checkpoint` 1.2 on. */
export const hasTaskPaths = "compareWritesSortKeys" in checkpoint;

/** `putWrites` with a task path, which the types of checkpoint 1.1 do not know. */
export type PutWritesWithPath = (
  config: RunnableConfig,
  writes: checkpoint.PendingWrite[],
  taskId: string,
  taskPath: string,
) => Promise<void>;

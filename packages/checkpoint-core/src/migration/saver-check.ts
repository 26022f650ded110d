import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const METHODS = [
  "getTuple",
  "list",
  "put",
  "putWrites",
  "deleteThread",
] as const satisfies readonly (keyof BaseCheckpointSaver)[];

/** Whether something can be a checkpoint saver, of whichever copy of the package. */
export function isSaver(value: unknown): value is BaseCheckpointSaver {
  const saver = value as Partial<BaseCheckpointSaver> | null | undefined;
  return METHODS.every((name) => typeof saver?.[name] === "function");
}

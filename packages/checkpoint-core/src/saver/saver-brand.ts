import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** Marks our savers, whichever copy of the package made them. */
export const SAVER_BRAND: unique symbol = Symbol.for("holdfast.saver") as never;

/** Whether `value` is a saver of ours. A graph whose `checkpointer` is none does not keep its threads in our store. */
export function isHoldfastSaver(value: unknown): value is BaseCheckpointSaver {
  return typeof value === "object" && value !== null && (value as { [SAVER_BRAND]?: unknown })[SAVER_BRAND] === true;
}

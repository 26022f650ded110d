import type { RunnableConfig } from "@langchain/core/runnables";

/** What LangGraph gives every run, and no call outside of one. */
interface RunConfig extends RunnableConfig {
  readonly writer: object;
}

/**
 * Whether a config is that of a run: `invoke`, `stream`, `batch`, a subgraph. `getState` and `updateState` hand on what their caller gives them.
 */
export function isRunConfig(config: RunnableConfig): config is RunConfig {
  return typeof (config as Partial<RunConfig> | undefined)?.writer === "function";
}

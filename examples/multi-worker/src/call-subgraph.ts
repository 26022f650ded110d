import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";

interface Subgraph<Input, Output> {
  invoke(input: Input): Promise<Output>;
}

/**
 * Invokes a subgraph from within a node, in such a way that after a crash its finished tasks are not run again.
 *
 * LangGraph.js gives every task `checkpoint_id: undefined` in its config, and takes the mere key as a sign of time travel: a subgraph that resumes
 * then ignores the writes that its unfinished superstep has stored, and runs all of its tasks again (langgraphjs issue #2667, 1.4.17 still). So the
 * subgraph gets the config without that key. With a LangGraph that has it fixed, add the subgraph as a node.
 */
export function callSubgraph<Input, Output>(
  subgraph: Subgraph<Input, Output>,
  input: Input,
  config: LangGraphRunnableConfig,
): Promise<Output> {
  const { checkpoint_id: _, ...configurable } = config.configurable ?? {};
  return AsyncLocalStorageProviderSingleton.runWithConfig({ ...config, configurable }, () => subgraph.invoke(input));
}

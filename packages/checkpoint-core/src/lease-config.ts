import type { RunnableConfig } from "@langchain/core/runnables";

/**
 * How a lease's fencing token gets to the saver: as a key of `configurable`, which LangGraph hands on to every saver call of a run, those of subgraphs
 * included, and which it does not copy into metadata, since it begins with two underscores.
 */
const CONFIG_KEY = "__holdfast_leases";

/** Tokens by thread: a node may run a graph on another thread, and hands on the configurable of its own. */
type Tokens = Readonly<Record<string, string>>;

function tokensOf(config: RunnableConfig | undefined): Tokens {
  return (config?.configurable?.[CONFIG_KEY] ?? {}) as Tokens;
}

/** The token under which a config writes to a thread. */
export function leaseToken(config: RunnableConfig | undefined, threadId: string): string | undefined {
  const tokens = tokensOf(config);
  return Object.hasOwn(tokens, threadId) ? tokens[threadId] : undefined;
}

/** The config with the token of one more lease. */
export function withLeaseToken<Config extends RunnableConfig>(config: Config, threadId: string, token: string): Config {
  // Entries, not assignment: a thread may be called __proto__.
  const tokens = Object.fromEntries([...Object.entries(tokensOf(config)), [threadId, token]]);
  return { ...config, configurable: { ...config.configurable, [CONFIG_KEY]: tokens } };
}

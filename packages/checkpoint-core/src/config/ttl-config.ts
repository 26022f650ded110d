import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidConfigError } from "../errors.js";

/**
 * The time that a config gives its thread, where a store has times to live. It begins with two underscores, so that LangGraph hands it on to every
 * saver call of a run and does not copy it into metadata.
 */
const TTL_KEY = "__holdfast_ttl";

/** The minutes stand under a symbol: a server may take `configurable` from a client's JSON, which must not delete or pin threads. */
const MINUTES: unique symbol = Symbol.for("holdfast.ttl-minutes") as never;

/** The config with a time to live in minutes. */
export function withTtlMinutes<Config extends RunnableConfig>(config: Config, minutes: number): Config {
  return { ...config, configurable: { ...config.configurable, [TTL_KEY]: { [MINUTES]: minutes } } };
}

/**
 * What {@link withTtlMinutes} was given; `undefined` if it was not called.
 *
 * @throws InvalidConfigError when something else has set the key.
 */
export function ttlMinutes(config: RunnableConfig | undefined): unknown {
  const given: unknown = config?.configurable?.[TTL_KEY];
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || !Object.hasOwn(given, MINUTES)) {
    throw new InvalidConfigError(
      `configurable.${TTL_KEY} is not what withTtl() sets. It does not survive JSON: call withTtl() where the run starts.`,
    );
  }
  return Reflect.get(given, MINUTES);
}

import { randomInt } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidConfigError } from "../errors.js";

/**
 * How a lease's fencing token gets to the saver: as a key of `configurable`, which LangGraph hands on to every saver call of a run, those of subgraphs
 * included, and which it does not copy into metadata, since it begins with two underscores.
 */
const CONFIG_KEY = "__holdfast_leases";

/** The tokens stand under a symbol: a server may take `configurable` from a client's JSON, which must not write under a lease. */
const TOKENS: unique symbol = Symbol.for("holdfast.lease-tokens") as never;

/** Tokens by thread: a node may run a graph on another thread, and hands on the configurable of its own. */
type Tokens = Readonly<Record<string, string>>;

function tokensOf(config: RunnableConfig | undefined): Tokens {
  const given: unknown = config?.configurable?.[CONFIG_KEY];
  if (given === undefined) return {};
  if (typeof given === "object" && given !== null && Object.hasOwn(given, TOKENS)) return Reflect.get(given, TOKENS) as Tokens;
  throw new InvalidConfigError(`configurable.${CONFIG_KEY} is not what a lease sets. It does not survive JSON.`);
}

/**
 * The token under which a config writes to a thread.
 *
 * @throws InvalidConfigError when it is none; the message does not repeat it.
 */
export function leaseToken(config: RunnableConfig | undefined, threadId: string): string | undefined {
  const tokens: unknown = tokensOf(config);
  if (typeof tokens !== "object" || tokens === null || !Object.hasOwn(tokens, threadId)) return undefined;
  const token = (tokens as Readonly<Record<string, unknown>>)[threadId];
  if (typeof token === "string" && TOKEN.test(token)) return token;
  throw new InvalidConfigError("The config's lease token is not one that acquireThread gives.");
}

const TOKEN = /^[1-9]\d{0,39}$/;

/**
 * So many digits at the end of a token are random, before them a number that the store counts. A store that has forgotten a lease, by a failover to a replica
 * that lagged or a backup restored, counts on from before it: the random part tells the new holder from the forgotten one, and cannot be guessed.
 */
export const TOKEN_SUFFIX_DIGITS = 18;

/** The random part of a token. */
export function newTokenSuffix(): string {
  const half = TOKEN_SUFFIX_DIGITS / 2;
  return [0, 1].map(() => String(randomInt(10 ** half)).padStart(half, "0")).join("");
}

/** The config with the token of one more lease. */
export function withLeaseToken<Config extends RunnableConfig>(config: Config, threadId: string, token: string): Config {
  // Entries, not assignment: a thread may be called __proto__.
  const tokens = Object.fromEntries([...Object.entries(tokensOf(config)), [threadId, token]]);
  return { ...config, configurable: { ...config.configurable, [CONFIG_KEY]: { [TOKENS]: tokens } } };
}

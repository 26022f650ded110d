import { randomInt } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidConfigError } from "../errors.js";

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

/**
 * The part of a token that the store counts, at most 63 bits: it tells the leases of a thread apart, and may be stored beside what is written, since nobody can
 * write with it.
 */
export function leaseCount(token: string): bigint {
  // A token that no store has given may have more digits. What it is to write is refused.
  return BigInt.asUintN(63, BigInt(token) / 10n ** BigInt(TOKEN_SUFFIX_DIGITS));
}

/** The config with the token of one more lease. */
export function withLeaseToken<Config extends RunnableConfig>(config: Config, threadId: string, token: string): Config {
  // Entries, not assignment: a thread may be called __proto__.
  const tokens = Object.fromEntries([...Object.entries(tokensOf(config)), [threadId, token]]);
  return { ...config, configurable: { ...config.configurable, [CONFIG_KEY]: tokens } };
}

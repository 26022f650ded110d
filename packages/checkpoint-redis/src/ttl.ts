import { InvalidConfigError, InvalidOptionsError } from "@holdfast/checkpoint-core";
import { flag, refuseUnknown, ttlMinutes, withTtlMinutes } from "@holdfast/checkpoint-core/adapter";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { ThreadTime } from "./thread-index.js";

/** When threads expire, each as a whole. */
export interface TtlOptions {
  /** Minutes after its last write (or read, see below) when a thread is deleted. Default: never. */
  readonly defaultTTL?: number;
  /** Whether `getTuple` also resets the time. Default `false`. */
  readonly refreshOnRead?: boolean;
}

/** {@link TtlOptions}, checked. */
export interface TtlPolicy {
  readonly defaultMs: number | undefined;
  readonly refreshOnRead: boolean;
}

/** Redis' arithmetic in milliseconds allows no more. */
const MAX_MINUTES = 100 * 366 * 24 * 60;

/** @throws InvalidOptionsError */
export function resolveTtl(options: TtlOptions = {}): TtlPolicy {
  refuseUnknown("ttl", options, ["defaultTTL", "refreshOnRead"]);
  const { defaultTTL, refreshOnRead = false } = options;
  flag("ttl.refreshOnRead", refreshOnRead);
  if (defaultTTL === undefined) return { defaultMs: undefined, refreshOnRead };
  if (!isMinutes(defaultTTL)) {
    throw new InvalidOptionsError(
      `ttl.defaultTTL is ${String(defaultTTL)}. It must be a number of minutes above 0, up to ${MAX_MINUTES}.`,
    );
  }
  return { defaultMs: milliseconds(defaultTTL), refreshOnRead };
}

/**
 * The policy with `retention.idleFor`, which is the time to live.
 *
 * @throws InvalidOptionsError if both are given and differ.
 */
export function ttlWithIdle(policy: TtlPolicy, idleMs: number | undefined): TtlPolicy {
  if (idleMs === undefined || idleMs === policy.defaultMs) return policy;
  if (policy.defaultMs === undefined) return { ...policy, defaultMs: Math.round(idleMs) };
  throw new InvalidOptionsError(
    `ttl.defaultTTL (${policy.defaultMs} ms) and retention.idleFor (${idleMs} ms) differ. Both set the time to live: give only one.`,
  );
}

function isMinutes(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= MAX_MINUTES;
}

function milliseconds(minutes: number): number {
  return Math.max(1, Math.round(minutes * 60_000));
}

/**
 * A config with which a run gives its thread its own time to live in place of `ttl.defaultTTL`, for later runs too.
 *
 * ```ts
 * await app.invoke(input, withTtl({ configurable: { thread_id: "guest-7" } }, 30));
 * ```
 *
 * @param minutes after the last write; `Infinity`: never.
 * @throws InvalidConfigError
 */
export function withTtl<Config extends RunnableConfig>(config: Config, minutes: number): Config {
  const changed = withTtlMinutes(config, minutes);
  ttlOfConfig(changed);
  return changed;
}

/** The time to live that a config gives its thread. */
export function ttlOfConfig(config: RunnableConfig | undefined): number | undefined {
  const minutes = ttlMinutes(config);
  if (minutes === undefined || minutes === Number.POSITIVE_INFINITY || isMinutes(minutes)) return minutes;
  throw new InvalidConfigError(
    `The ttl is ${String(minutes)}. It must be a number of minutes above 0, up to ${MAX_MINUTES}, or Infinity.`,
  );
}

/** The argument of scripts (`set_expiry` in `thread.lua`). */
export function ttlArgument(policy: TtlPolicy, config: RunnableConfig | undefined): string {
  const own = ttlOfConfig(config);
  if (own !== undefined) return own === Number.POSITIVE_INFINITY ? "own none" : `own ${milliseconds(own)}`;
  return policy.defaultMs === undefined ? "" : `default ${policy.defaultMs}`;
}

/** The time to live of a thread that is written now, as far as this process knows. */
export function threadTime(policy: TtlPolicy, config: RunnableConfig | undefined): ThreadTime {
  const own = ttlOfConfig(config);
  if (own === undefined) return { lastsMs: policy.defaultMs ?? Number.POSITIVE_INFINITY, isOwn: false };
  return { lastsMs: milliseconds(own), isOwn: true };
}

import { InvalidOptionsError, type OnConflict, type RetentionOptions, type RetryOptions } from "@holdfast/checkpoint-core";
import {
  type LabelNames,
  type Retention,
  type RetryPolicy,
  resolveFallback,
  resolveLabelNames,
  resolveOnConflict,
  resolveRetention,
  resolveRetry,
} from "@holdfast/checkpoint-core/adapter";
import type { BaseCheckpointSaver, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { type Durability, type DurabilityOptions, resolveDurability } from "./durability.js";
import { Keys } from "./keys.js";
import { resolveTtl, type TtlOptions, type TtlPolicy, ttlWithIdle } from "./ttl.js";

/** Options of {@link RedisSaver}. */
export interface RedisSaverOptions {
  /** What all keys begin with. Default `"holdfast"`. */
  readonly keyPrefix?: string;
  /** Encodes channel values and pending writes. Default: ours, which is lossless or throws. */
  readonly serde?: SerializerProtocol;
  /** When threads expire. Default: never. */
  readonly ttl?: TtlOptions;
  /** When a write counts as acknowledged. Default: when the server has it in memory. */
  readonly durability?: DurabilityOptions;
  /** How long transient faults are hidden from a run. Default: 30 seconds. */
  readonly retry?: RetryOptions;
  /** A command that has had no answer after this many milliseconds is given up, and tried again. Default 10,000. */
  readonly commandTimeoutMs?: number;
  /** Bound of the cache of serialized values, in bytes, per saver. 0 turns it off. Default 128 MiB. */
  readonly cacheBytes?: number;
  /** Largest serialized channel value, in bytes. Default 64 MiB, at most 256 MiB: the server does nothing else while it copies one. */
  readonly maxValueBytes?: number;
  /**
   * When two runs overlap on one thread: `"fork"` gives each a branch of its own; `"reject"` lets the one that commits next go on, and the other fail with a
   * ConcurrentUpdateError at its next checkpoint. All savers that write to a thread must be told the same. Default `"fork"`.
   */
  readonly onConflict?: OnConflict;
  /**
   * The saver that your service has used up to now. A thread that is not here yet is read from it, and migrated as a whole before it is first written to, so
   * that a running service can switch: docs/operate/migration.md. It stays yours: `end()` does not close it.
   */
  readonly fallback?: BaseCheckpointSaver;
  /**
   * Keys of `config.metadata` and `config.configurable` that are stored beside a run's checkpoints, besides `run_id`, `graph_id` and `user`; none other
   * is. They can be asked for in `list` and `listThreads`.
   */
  readonly labels?: readonly string[];
  /** What is kept: `idleFor` is the threads' `ttl.defaultTTL`, in milliseconds, and the rest is done by `sweep()`. Default: everything. */
  readonly retention?: RetentionOptions;
}

export interface ResolvedOptions {
  readonly keys: Keys;
  readonly serde: SerializerProtocol | undefined;
  readonly ttl: TtlPolicy;
  readonly durability: Durability | undefined;
  readonly retry: RetryPolicy;
  readonly commandTimeoutMs: number;
  readonly cacheBytes: number;
  readonly maxValueBytes: number;
  readonly onConflict: OnConflict;
  readonly fallback: BaseCheckpointSaver | undefined;
  readonly labels: LabelNames;
  readonly retention: Retention | undefined;
}

const MIB = 1024 * 1024;

const KNOWN: ReadonlySet<string> = new Set([
  "keyPrefix",
  "serde",
  "ttl",
  "durability",
  "retry",
  "commandTimeoutMs",
  "cacheBytes",
  "maxValueBytes",
  "onConflict",
  "fallback",
  "labels",
  "retention",
] satisfies (keyof RedisSaverOptions)[]);

/**
 * @throws InvalidOptionsError
 */
export function resolveOptions(options: RedisSaverOptions = {}): ResolvedOptions {
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) throw new InvalidOptionsError(`There is no option ${name}. The options are ${[...KNOWN].join(", ")}.`);
  }
  const commandTimeoutMs = integer("commandTimeoutMs", options.commandTimeoutMs ?? 10_000, 1, 2 ** 31 - 1);
  const retention = resolveRetention(options.retention);
  return Object.freeze({
    keys: new Keys(options.keyPrefix ?? "holdfast"),
    serde: options.serde,
    ttl: ttlWithIdle(resolveTtl(options.ttl), retention?.idleMs),
    durability: resolveDurability(options.durability, Math.max(2, commandTimeoutMs)),
    retry: resolveRetry(options.retry),
    commandTimeoutMs,
    cacheBytes: integer("cacheBytes", options.cacheBytes ?? 128 * MIB, 0, Number.MAX_SAFE_INTEGER),
    maxValueBytes: integer("maxValueBytes", options.maxValueBytes ?? 64 * MIB, 1, 256 * MIB),
    onConflict: resolveOnConflict(options.onConflict),
    fallback: resolveFallback(options.fallback),
    labels: resolveLabelNames(options.labels),
    retention,
  });
}

function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidOptionsError(`${name} is ${String(value)}. It must be an integer from ${least} to ${most}.`);
}

import type { OnConflict, RetentionOptions, RetryOptions } from "@holdfast/checkpoint-core";
import {
  integer,
  type LabelNames,
  type Retention,
  type RetryPolicy,
  refuseUnknown,
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
  /** The prefix of all keys. Default `"holdfast"`. */
  readonly keyPrefix?: string;
  /** Encodes channel values and pending writes. Default: ours, which is lossless or throws. */
  readonly serde?: SerializerProtocol;
  /** When threads expire. Default: never. */
  readonly ttl?: TtlOptions;
  /** When a write counts as acknowledged. Default: when the server has it in memory. */
  readonly durability?: DurabilityOptions;
  /** How transient faults are retried. Default: for 30 seconds. */
  readonly retry?: RetryOptions;
  /** A command without an answer after this many milliseconds is given up and retried. Default 10,000. */
  readonly commandTimeoutMs?: number;
  /** Bound of the cache of serialized values, in bytes, per saver. 0 turns it off. Default 128 MiB. */
  readonly cacheBytes?: number;
  /** Largest serialized channel value, in bytes. Default 64 MiB, at most 256 MiB: copying one blocks the server. */
  readonly maxValueBytes?: number;
  /**
   * Largest size of a checkpoint, in bytes: all its serialized values, whether or not they changed, and its metadata; and of the writes of one `putWrites`.
   * What is larger is neither stored nor read. A process holds it some four times over while it is stored,
   * and the server does nothing else while it copies it. Default 128 MiB, at most 512 MiB.
   */
  readonly maxPutBytes?: number;
  /**
   * When two runs overlap on one thread: `"fork"` gives each its own branch; `"reject"` lets the one that commits next continue, and fails the other with a
   * ConcurrentUpdateError at its next checkpoint. All savers that write to a thread need the same setting. Default `"fork"`.
   */
  readonly onConflict?: OnConflict;
  /**
   * The saver that your service used before. A thread that is not here yet is read from it, and migrated as a whole before its first write, so that a running
   * service can switch: docs/operate/migration.md. `end()` does not close it.
   */
  readonly fallback?: BaseCheckpointSaver;
  /**
   * Keys of a run's `config.metadata` or `config.configurable` to store beside its checkpoints, and to filter `list` and `listThreads` by. `run_id`, `graph_id`
   * and `user` are always stored. No others are: they may be secrets.
   */
  readonly labels?: readonly string[];
  /** What to keep. `idleFor` is the threads' `ttl.defaultTTL`, in milliseconds; `sweep()` does the rest. Default: everything. */
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
  readonly maxPutBytes: number;
  readonly onConflict: OnConflict;
  readonly fallback: BaseCheckpointSaver | undefined;
  readonly labels: LabelNames;
  readonly retention: Retention | undefined;
}

const MIB = 1024 * 1024;

const KNOWN: readonly string[] = [
  "keyPrefix",
  "serde",
  "ttl",
  "durability",
  "retry",
  "commandTimeoutMs",
  "cacheBytes",
  "maxValueBytes",
  "maxPutBytes",
  "onConflict",
  "fallback",
  "labels",
  "retention",
] satisfies (keyof RedisSaverOptions)[];

/** @throws InvalidOptionsError */
export function resolveOptions(options: RedisSaverOptions = {}): ResolvedOptions {
  refuseUnknown("RedisSaver", options, KNOWN);
  const commandTimeoutMs = integer("commandTimeoutMs", options.commandTimeoutMs ?? 10_000, 1, 2 ** 31 - 1);
  const retention = resolveRetention(options.retention);
  return Object.freeze({
    keys: new Keys(options.keyPrefix ?? "holdfast"),
    serde: options.serde,
    ttl: ttlWithIdle(resolveTtl(options.ttl), retention?.idleMs),
    durability: resolveDurability(options.durability, Math.max(2, commandTimeoutMs)),
    retry: resolveRetry(options.retry),
    commandTimeoutMs,
    cacheBytes: integer("cacheBytes", options.cacheBytes ?? 128 * MIB, 0),
    maxValueBytes: integer("maxValueBytes", options.maxValueBytes ?? 64 * MIB, 1, 256 * MIB),
    maxPutBytes: integer("maxPutBytes", options.maxPutBytes ?? 128 * MIB, 1, 512 * MIB),
    onConflict: resolveOnConflict(options.onConflict),
    fallback: resolveFallback(options.fallback),
    labels: resolveLabelNames(options.labels),
    retention,
  });
}

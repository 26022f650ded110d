import {
  InvalidOptionsError,
  type LabelSource,
  type OnConflict,
  type OnEvent,
  type RetentionOptions,
  type RetryOptions,
} from "@holdfast/checkpoint-core";
import {
  Events,
  integer,
  type LabelRules,
  type Retention,
  type RetryPolicy,
  refuseUnknown,
  resolveFallback,
  resolveLabelRules,
  resolveMaxTtlMs,
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
  /** The longest `ttlMs` of a lease, in milliseconds: for so long may a process that has crashed keep a thread. Default, and at most, 24 hours. */
  readonly maxLeaseTtlMs?: number;
  /**
   * The saver that your service used before. A thread that is not here yet is read from it, and migrated as a whole before its first write, so that a running
   * service can switch: docs/operate/migration.md. `end()` does not close it.
   */
  readonly fallback?: BaseCheckpointSaver;
  /**
   * Keys of a run's `config.configurable` or `config.metadata` to store beside its checkpoints, and to filter `list` and `listThreads` by. `run_id`, `graph_id`,
   * `user` and `user_id` are always stored. No others are: they may be secrets.
   */
  readonly labels?: readonly string[];
  /**
   * Where a run's `config.configurable` and its `config.metadata` both give a label, which of them counts. Default `"configurable"`: servers often pass a client's
   * metadata on.
   */
  readonly labelSource?: LabelSource;
  /** What to keep. `idleFor` is the threads' `ttl.defaultTTL`, in milliseconds; `sweep()` does the rest. Default: everything. */
  readonly retention?: RetentionOptions;
  /** Told of every call of the saver when it has ended, of retries, and of leases that were lost. */
  readonly onEvent?: OnEvent;
}

export interface ResolvedOptions {
  readonly events: Events;
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
  readonly maxLeaseTtlMs: number;
  readonly fallback: BaseCheckpointSaver | undefined;
  readonly labels: LabelRules;
  readonly retention: Retention | undefined;
}

const MIB = 1024 * 1024;

const KNOWN = [
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
  "maxLeaseTtlMs",
  "fallback",
  "labels",
  "labelSource",
  "retention",
  "onEvent",
] as const satisfies readonly (keyof RedisSaverOptions)[];

/**
 * @param call that was given the options.
 * @throws InvalidOptionsError
 */
export function refuseUnknownOptions(call: string, options: RedisSaverOptions = {}): void {
  if (typeof options === "object" && options !== null && ("defaultTTL" in options || "refreshOnRead" in options)) {
    // As the official saver takes them.
    throw new InvalidOptionsError("defaultTTL and refreshOnRead are keys of the option ttl: { ttl: { defaultTTL: 60 } }.");
  }
  refuseUnknown(call, options, KNOWN);
}

/** @throws InvalidOptionsError */
export function resolveOptions(options: RedisSaverOptions = {}): ResolvedOptions {
  refuseUnknownOptions("RedisSaver", options);
  const commandTimeoutMs = integer("commandTimeoutMs", options.commandTimeoutMs ?? 10_000, 1, 2 ** 31 - 1);
  const retention = resolveRetention(options.retention);
  return Object.freeze({
    events: new Events(options.onEvent),
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
    maxLeaseTtlMs: resolveMaxTtlMs(options.maxLeaseTtlMs),
    fallback: resolveFallback(options.fallback),
    labels: resolveLabelRules(options.labels, options.labelSource),
    retention,
  });
}

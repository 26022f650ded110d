import type { LabelSource, OnConflict, OnEvent, RetentionOptions, RetryOptions } from "@holdfast/checkpoint-core";
import {
  Events,
  flag,
  integer,
  type LabelRules,
  type Retention,
  type RetryPolicy,
  refuseUnknown,
  resolveFallback,
  resolveLabelRules,
  resolveOnConflict,
  resolveRetention,
  resolveRetry,
} from "@holdfast/checkpoint-core/adapter";
import type { BaseCheckpointSaver, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { type Tables, tablesIn } from "./tables.js";

/** Options of {@link PostgresSaver}. */
export interface PostgresSaverOptions {
  /** Encodes channel values and pending writes. Default: ours, which is lossless or throws. */
  readonly serde?: SerializerProtocol;
  /** The Postgres schema that holds the tables. Default `"holdfast"`. */
  readonly schema?: string;
  /** Whether `setup()` creates the schema. `false` for a role that may only create tables in a schema made by a DBA. Default `true`. */
  readonly createSchema?: boolean;
  /** How long transient faults are hidden from a run. Default: 30 seconds. */
  readonly retry?: RetryOptions;
  /** A statement that has had no answer after this many milliseconds is given up, its connection dropped, and it is tried again. Default 30,000. */
  readonly statementTimeoutMs?: number;
  /**
   * Whether statements are prepared by name, once per connection, so that Postgres plans them once, which halves its CPU time. Behind a pooler in
   * transaction mode that does not keep track of them (PgBouncer before 1.21, or with `max_prepared_statements = 0`), the saver finds out at one of its
   * first statements, and goes on without names. `false` spares that, and the pinning of connections by RDS Proxy. Default `true`.
   */
  readonly preparedStatements?: boolean;
  /** Bound of the cache of serialized values, in bytes, per saver. 0 turns it off. Default 128 MiB. */
  readonly cacheBytes?: number;
  /** Largest serialized channel value, in bytes. Default 256 MiB, at most 512 MiB (a JavaScript string ends there). */
  readonly maxValueBytes?: number;
  /**
   * When two runs overlap on one thread: `"fork"` gives each a branch of its own; `"reject"` lets the one that commits next go on, and the other fail with a
   * ConcurrentUpdateError at its next checkpoint. All savers that write to a thread must be told the same. Default `"fork"`.
   */
  readonly onConflict?: OnConflict;
  /**
   * Keys of a run's `config.configurable` or `config.metadata` that are stored beside its checkpoints, to list and find them by. `run_id`, `graph_id`, `user` and
   * `user_id` are always taken where they are there; nothing else is unless it is named, as it may be a secret.
   */
  readonly labels?: readonly string[];
  /**
   * Where a run's `config.configurable` and its `config.metadata` both give a label, which of them counts. Default `"configurable"`: servers often pass a client's
   * metadata on.
   */
  readonly labelSource?: LabelSource;
  /** What `sweep()` keeps. Without it, nothing is ever removed but by `deleteThread`, `prune` and `deleteForRuns`. */
  readonly retention?: RetentionOptions;
  /**
   * The saver that your service has used up to now. A thread that is not here yet is read from it, and migrated as a whole before it is first written to, so
   * that a running service can switch: docs/operate/migration.md. It stays yours: `end()` does not close it.
   */
  readonly fallback?: BaseCheckpointSaver;
  /** Told of every call of the saver when it has ended, of retries, and of leases that were lost. */
  readonly onEvent?: OnEvent;
}

/** Options of {@link PostgresSaver.fromConnString}: those of the saver and of the pool that it opens. */
export interface ConnectionOptions extends PostgresSaverOptions {
  /** Most connections of the pool. Default 10. */
  readonly poolSize?: number;
  /** A connection that has not come up after this many milliseconds is given up, and tried again. Default 10,000. */
  readonly connectTimeoutMs?: number;
}

export interface ResolvedOptions {
  readonly serde: SerializerProtocol | undefined;
  readonly events: Events;
  readonly tables: Tables;
  readonly createSchema: boolean;
  readonly retry: RetryPolicy;
  readonly statementTimeoutMs: number;
  readonly preparedStatements: boolean;
  readonly cacheBytes: number;
  readonly maxValueBytes: number;
  readonly onConflict: OnConflict;
  readonly labels: LabelRules;
  readonly retention: Retention | undefined;
  readonly fallback: BaseCheckpointSaver | undefined;
}

const MIB = 1024 * 1024;

const OF_SAVER = [
  "serde",
  "schema",
  "createSchema",
  "retry",
  "statementTimeoutMs",
  "preparedStatements",
  "cacheBytes",
  "maxValueBytes",
  "onConflict",
  "labels",
  "labelSource",
  "retention",
  "fallback",
  "onEvent",
] as const satisfies readonly (keyof PostgresSaverOptions)[];
const OF_POOL = ["poolSize", "connectTimeoutMs"] as const satisfies readonly (keyof ConnectionOptions)[];

/** @throws InvalidOptionsError */
export function resolveOptions(options: PostgresSaverOptions = {}): ResolvedOptions {
  refuseUnknown("PostgresSaver", options, OF_SAVER);
  const { schema = "holdfast", createSchema = true, preparedStatements = true } = options;
  return Object.freeze({
    serde: options.serde,
    events: new Events(options.onEvent),
    tables: tablesIn(schema),
    createSchema: flag("createSchema", createSchema),
    retry: resolveRetry(options.retry),
    statementTimeoutMs: integer("statementTimeoutMs", options.statementTimeoutMs ?? 30_000, 1, 2 ** 31 - 1),
    preparedStatements: flag("preparedStatements", preparedStatements),
    cacheBytes: integer("cacheBytes", options.cacheBytes ?? 128 * MIB, 0),
    maxValueBytes: integer("maxValueBytes", options.maxValueBytes ?? 256 * MIB, 1, 512 * MIB),
    onConflict: resolveOnConflict(options.onConflict),
    labels: resolveLabelRules(options.labels, options.labelSource),
    retention: resolveRetention(options.retention),
    fallback: resolveFallback(options.fallback),
  });
}

/**
 * The options that are about the pool, and those of the saver.
 *
 * @throws InvalidOptionsError
 */
export function resolvePoolOptions(options: ConnectionOptions = {}): {
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly ofSaver: PostgresSaverOptions;
} {
  refuseUnknown("PostgresSaver.fromConnString", options, [...OF_SAVER, ...OF_POOL]);
  const { poolSize = 10, connectTimeoutMs = 10_000, ...ofSaver } = options;
  integer("poolSize", poolSize, 1, 10_000);
  integer("connectTimeoutMs", connectTimeoutMs, 1, 2 ** 31 - 1);
  return { poolSize, connectTimeoutMs, ofSaver };
}

import type { ConnectionOptions as TlsOptions } from "node:tls";
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
  flag,
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
import type { PoolSettings } from "./open-pool.js";
import { type Tables, tablesIn } from "./tables.js";

/** Options of {@link PostgresSaver}. */
export interface PostgresSaverOptions {
  /** Encodes channel values and pending writes. Default: ours, which is lossless or throws. */
  readonly serde?: SerializerProtocol;
  /** The Postgres schema that holds the tables. Default `"holdfast"`. */
  readonly schema?: string;
  /** Whether `setup()` creates the schema. `false` for a role that may only create tables in a schema made by a DBA. Default `true`. */
  readonly createSchema?: boolean;
  /** How transient faults are retried. Default: for 30 seconds. */
  readonly retry?: RetryOptions;
  /**
   * A statement that has had no answer after this many milliseconds is given up, its connection dropped, and it is tried again on another one. The first
   * statement on a connection gets a third of `retry.maxElapsedMs` at most, so that a dead connection does not use up the budget. Default 30,000.
   */
  readonly statementTimeoutMs?: number;
  /**
   * Whether statements are prepared by name, once per connection, so that Postgres plans them once, which halves its CPU time. Behind a pooler in
   * transaction mode that does not track them (PgBouncer before 1.21, or with `max_prepared_statements = 0`), the saver notices at one of its first
   * statements, and continues without names. `false` avoids that, and the pinning of connections by RDS Proxy. Default `true`.
   */
  readonly preparedStatements?: boolean;
  /** Bound of the cache of serialized values, in bytes, per saver. 0 turns it off. Default 128 MiB. */
  readonly cacheBytes?: number;
  /** Largest serialized channel value, in bytes. Default 256 MiB, at most 512 MiB (a JavaScript string ends there). */
  readonly maxValueBytes?: number;
  /**
   * Largest size of a checkpoint, in bytes: all its serialized values, whether or not they changed, and its metadata; and of the writes of one `putWrites`.
   * What is larger is neither stored nor read. A process holds it some four times over while it is stored.
   * Default 512 MiB, at most 960 MiB: a message to Postgres ends at 1 GiB.
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
   * Keys of a run's `config.configurable` or `config.metadata` to store beside its checkpoints, and to filter `list` and `listThreads` by. `run_id`, `graph_id`,
   * `user` and `user_id` are always stored. No others are: they may be secrets.
   */
  readonly labels?: readonly string[];
  /**
   * Where a run's `config.configurable` and its `config.metadata` both give a label, which of them counts. Default `"configurable"`: servers often pass a client's
   * metadata on.
   */
  readonly labelSource?: LabelSource;
  /** What `sweep()` keeps. Without it, only `deleteThread`, `prune` and `deleteForRuns` remove anything. */
  readonly retention?: RetentionOptions;
  /**
   * The saver that your service used before. A thread that is not here yet is read from it, and migrated as a whole before its first write, so that a running
   * service can switch: docs/operate/migration.md. `end()` does not close it.
   */
  readonly fallback?: BaseCheckpointSaver;
  /** Told of every call of the saver when it has ended, of retries, and of leases that were lost. */
  readonly onEvent?: OnEvent;
}

/** Options of {@link PostgresSaver.fromConnString}: those of the saver and of the pool that it opens. */
export interface ConnectionOptions extends PostgresSaverOptions {
  /** The most connections in the pool. Default 10. */
  readonly poolSize?: number;
  /** A connection that takes longer than this many milliseconds to open is given up and retried. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /**
   * TLS, as `pg` takes it: `true`, or the options of `tls.connect`, e.g. `{ ca }`. It counts more than what the connection string says. Default: what that says,
   * or none.
   */
  readonly ssl?: boolean | TlsOptions;
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
  readonly maxPutBytes: number;
  readonly onConflict: OnConflict;
  readonly maxLeaseTtlMs: number;
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
  "maxPutBytes",
  "onConflict",
  "maxLeaseTtlMs",
  "labels",
  "labelSource",
  "retention",
  "fallback",
  "onEvent",
] as const satisfies readonly (keyof PostgresSaverOptions)[];
const OF_POOL = ["poolSize", "connectTimeoutMs", "ssl"] as const satisfies readonly (keyof ConnectionOptions)[];

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
    maxPutBytes: integer("maxPutBytes", options.maxPutBytes ?? 512 * MIB, 1, 960 * MIB),
    onConflict: resolveOnConflict(options.onConflict),
    maxLeaseTtlMs: resolveMaxTtlMs(options.maxLeaseTtlMs),
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
  readonly pool: PoolSettings;
  readonly ofSaver: PostgresSaverOptions;
} {
  refuseUnknown("PostgresSaver.fromConnString", options, [...OF_SAVER, ...OF_POOL]);
  const { poolSize = 10, connectTimeoutMs = 10_000, ssl, ...ofSaver } = options;
  integer("poolSize", poolSize, 1, 10_000);
  integer("connectTimeoutMs", connectTimeoutMs, 1, 2 ** 31 - 1);
  if (ssl !== undefined && typeof ssl !== "boolean" && (typeof ssl !== "object" || ssl === null)) {
    throw new InvalidOptionsError("ssl must be true, false, or the options of tls.connect().");
  }
  return { pool: { poolSize, connectTimeoutMs, ssl }, ofSaver };
}

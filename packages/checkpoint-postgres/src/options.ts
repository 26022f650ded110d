import type { ConnectionOptions as TlsOptions } from "node:tls";
import { InvalidOptionsError, type OnConflict, type RetentionOptions, type RetryOptions } from "@holdfast/checkpoint-core";
import {
  flag,
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
import type { PoolSettings } from "./open-pool.js";
import { type Tables, tablesIn } from "./tables.js";

/** Options of {@link PostgresSaver}. */
export interface PostgresSaverOptions {
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
  /**
   * Keys of a run's `config.metadata` or `config.configurable` to store beside its checkpoints, and to filter `list` and `listThreads` by. `run_id`, `graph_id`
   * and `user` are always stored. No others are: they may be secrets.
   */
  readonly labels?: readonly string[];
  /** What `sweep()` keeps. Without it, only `deleteThread`, `prune` and `deleteForRuns` remove anything. */
  readonly retention?: RetentionOptions;
  /**
   * The saver that your service used before. A thread that is not here yet is read from it, and migrated as a whole before its first write, so that a running
   * service can switch: docs/operate/migration.md. `end()` does not close it.
   */
  readonly fallback?: BaseCheckpointSaver;
}

/** Options of {@link PostgresSaver.fromConnString}: those of the saver and of the pool that it opens. */
export interface ConnectionOptions extends PostgresSaverOptions {
  /** Encodes channel values and pending writes. Default: ours, which is lossless or throws. */
  readonly serde?: SerializerProtocol;
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
  readonly tables: Tables;
  readonly createSchema: boolean;
  readonly retry: RetryPolicy;
  readonly statementTimeoutMs: number;
  readonly preparedStatements: boolean;
  readonly cacheBytes: number;
  readonly maxValueBytes: number;
  readonly maxPutBytes: number;
  readonly onConflict: OnConflict;
  readonly labels: LabelNames;
  readonly retention: Retention | undefined;
  readonly fallback: BaseCheckpointSaver | undefined;
}

const MIB = 1024 * 1024;

const KNOWN: readonly string[] = [
  "schema",
  "createSchema",
  "retry",
  "statementTimeoutMs",
  "preparedStatements",
  "cacheBytes",
  "maxValueBytes",
  "maxPutBytes",
  "serde",
  "poolSize",
  "connectTimeoutMs",
  "ssl",
  "onConflict",
  "labels",
  "retention",
  "fallback",
] satisfies (keyof ConnectionOptions)[];

/** @throws InvalidOptionsError */
export function resolveOptions(options: PostgresSaverOptions = {}): ResolvedOptions {
  refuseUnknown("PostgresSaver", options, KNOWN);
  const { schema = "holdfast", createSchema = true, preparedStatements = true } = options;
  return Object.freeze({
    tables: tablesIn(schema),
    createSchema: flag("createSchema", createSchema),
    retry: resolveRetry(options.retry),
    statementTimeoutMs: integer("statementTimeoutMs", options.statementTimeoutMs ?? 30_000, 1, 2 ** 31 - 1),
    preparedStatements: flag("preparedStatements", preparedStatements),
    cacheBytes: integer("cacheBytes", options.cacheBytes ?? 128 * MIB, 0),
    maxValueBytes: integer("maxValueBytes", options.maxValueBytes ?? 256 * MIB, 1, 512 * MIB),
    maxPutBytes: integer("maxPutBytes", options.maxPutBytes ?? 512 * MIB, 1, 960 * MIB),
    onConflict: resolveOnConflict(options.onConflict),
    labels: resolveLabelNames(options.labels),
    retention: resolveRetention(options.retention),
    fallback: resolveFallback(options.fallback),
  });
}

/** The part of the options that is about the pool. */
export function resolvePoolOptions(options: ConnectionOptions = {}): PoolSettings {
  const { ssl } = options;
  if (ssl !== undefined && typeof ssl !== "boolean" && (typeof ssl !== "object" || ssl === null)) {
    throw new InvalidOptionsError("ssl must be true, false, or the options of tls.connect().");
  }
  return {
    poolSize: integer("poolSize", options.poolSize ?? 10, 1, 10_000),
    connectTimeoutMs: integer("connectTimeoutMs", options.connectTimeoutMs ?? 10_000, 1, 2 ** 31 - 1),
    ssl,
  };
}

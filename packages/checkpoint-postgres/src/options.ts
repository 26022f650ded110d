import type { ConnectionOptions as TlsOptions } from "node:tls";
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
import type { PoolSettings } from "./open-pool.js";
import { type Tables, tablesIn } from "./tables.js";

/** Options of {@link PostgresSaver}. */
export interface PostgresSaverOptions {
  /** The Postgres schema that holds the tables. Default `"holdfast"`. */
  readonly schema?: string;
  /** Whether `setup()` creates the schema. `false` for a role that may only create tables in a schema made by a DBA. Default `true`. */
  readonly createSchema?: boolean;
  /** How long transient faults are hidden from a run. Default: 30 seconds. */
  readonly retry?: RetryOptions;
  /**
   * A statement that has had no answer after this many milliseconds is given up, its connection dropped, and it is tried again on another one. The first
   * statement on a connection gets a third of `retry.maxElapsedMs` at most, so that a dead connection does not use up the budget. Default 30,000.
   */
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
   * Keys of a run's `config.metadata` or `config.configurable` that are stored beside its checkpoints, to list and find them by. `run_id`, `graph_id` and
   * `user` are always taken where they are there; nothing else is unless it is named, as it may be a secret.
   */
  readonly labels?: readonly string[];
  /** What `sweep()` keeps. Without it, nothing is ever removed but by `deleteThread`, `prune` and `deleteForRuns`. */
  readonly retention?: RetentionOptions;
  /**
   * The saver that your service has used up to now. A thread that is not here yet is read from it, and migrated as a whole before it is first written to, so
   * that a running service can switch: docs/operate/migration.md. It stays yours: `end()` does not close it.
   */
  readonly fallback?: BaseCheckpointSaver;
}

/** Options of {@link PostgresSaver.fromConnString}: those of the saver and of the pool that it opens. */
export interface ConnectionOptions extends PostgresSaverOptions {
  /** Encodes channel values and pending writes. Default: ours, which is lossless or throws. */
  readonly serde?: SerializerProtocol;
  /** Most connections of the pool. Default 10. */
  readonly poolSize?: number;
  /** A connection that has not come up after this many milliseconds is given up, and tried again. Default 10,000. */
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
  readonly onConflict: OnConflict;
  readonly labels: LabelNames;
  readonly retention: Retention | undefined;
  readonly fallback: BaseCheckpointSaver | undefined;
}

const MIB = 1024 * 1024;

const KNOWN: ReadonlySet<string> = new Set([
  "schema",
  "createSchema",
  "retry",
  "statementTimeoutMs",
  "preparedStatements",
  "cacheBytes",
  "maxValueBytes",
  "serde",
  "poolSize",
  "connectTimeoutMs",
  "ssl",
  "onConflict",
  "labels",
  "retention",
  "fallback",
] satisfies (keyof ConnectionOptions)[]);

/**
 * @throws InvalidOptionsError
 */
export function resolveOptions(options: PostgresSaverOptions = {}): ResolvedOptions {
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) throw new InvalidOptionsError(`There is no option ${name}. The options are ${[...KNOWN].join(", ")}.`);
  }
  const { schema = "holdfast", createSchema = true, preparedStatements = true } = options;
  if (typeof createSchema !== "boolean") throw new InvalidOptionsError("createSchema must be true or false.");
  if (typeof preparedStatements !== "boolean") throw new InvalidOptionsError("preparedStatements must be true or false.");
  return Object.freeze({
    tables: tablesIn(schema),
    createSchema,
    retry: resolveRetry(options.retry),
    statementTimeoutMs: integer("statementTimeoutMs", options.statementTimeoutMs ?? 30_000, 1, 2 ** 31 - 1),
    preparedStatements,
    cacheBytes: integer("cacheBytes", options.cacheBytes ?? 128 * MIB, 0, Number.MAX_SAFE_INTEGER),
    maxValueBytes: integer("maxValueBytes", options.maxValueBytes ?? 256 * MIB, 1, 512 * MIB),
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

function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidOptionsError(`${name} is ${String(value)}. It must be an integer from ${least} to ${most}.`);
}

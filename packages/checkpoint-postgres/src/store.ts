import type { OnConflict, StoredThread, StoreStats } from "@holdfast/checkpoint-core";
import {
  type AmongThreads,
  type CachedRecord,
  type ChangedLabels,
  type CheckpointStore,
  type CheckpointSummaries,
  type CopyOutcome,
  type EndedLease,
  type IdleDeletion,
  type LeaseAnswer,
  type LeaseLost,
  type LeaseRequest,
  type ListSelection,
  type NamespaceRef,
  type PruneInput,
  type PruneOutcome,
  type PutInput,
  type PutWritesInput,
  type Refusal,
  type RevokedLease,
  type RunBeginning,
  type RunEnd,
  type RunProgress,
  type StoredRun,
  type SweepClaim,
  type SweepPage,
  type ThreadHistory,
  type ThreadPart,
  type ThreadPlace,
  type ThreadSelection,
  type ThreadSummary,
  type WriteOutcome,
  withoutSignal,
} from "@holdfast/checkpoint-core/adapter";
import type { RunnableConfig } from "@langchain/core/runnables";
import { checkSchema, migrate } from "./migrations/migrate.js";
import { checkpointSummaries } from "./operations/checkpoint-summaries.js";
import { copyThread } from "./operations/copy-thread.js";
import { deleteIdleThread } from "./operations/delete-idle-thread.js";
import { deleteThread } from "./operations/delete-thread.js";
import { getDeltaChannelHistory } from "./operations/get-delta-channel-history.js";
import { getTuple } from "./operations/get-tuple.js";
import { acquireLease, endedLeases, handOverLease, releaseLease, renewLease } from "./operations/lease.js";
import { list, listThreadIds } from "./operations/list.js";
import { listThreads } from "./operations/list-threads.js";
import { lostLease } from "./operations/lost-lease.js";
import { beginMigration, endMigration, threadPlace } from "./operations/migration.js";
import { prune } from "./operations/prune.js";
import { purgeDeleted } from "./operations/purge-deleted.js";
import { put } from "./operations/put.js";
import { putWrites } from "./operations/put-writes.js";
import type { Reading } from "./operations/read-checkpoints.js";
import { revokeLease } from "./operations/revoke-lease.js";
import { beginRun, continueRun, findRun, runProgress } from "./operations/runs.js";
import { setLabels } from "./operations/set-labels.js";
import { stats } from "./operations/stats.js";
import { claimSweep, markSwept, releaseSweep, renewSweep, sweepPage } from "./operations/sweep.js";
import { adoptHistory, threadHistory } from "./operations/thread-history.js";
import { threadKey } from "./operations/thread-key.js";
import { threadStats } from "./operations/thread-stats.js";
import { threadsOfRuns } from "./operations/threads-of-runs.js";
import { allThreadIds, threadParts } from "./operations/verify.js";
import { RecentThreads } from "./operations/write-conditions.js";
import type { Connections } from "./pool.js";
import type { Tables } from "./tables.js";

/** The operations on one schema of one database. */
export class PostgresStore implements CheckpointStore {
  readonly #db: Connections;
  readonly #tables: Tables;
  readonly #onConflict: OnConflict;
  readonly #readsIncomplete: boolean;
  readonly #recent = new RecentThreads();
  /** Checks once, before the first operation, that the schema fits this code. */
  #schemaCheck: Promise<void> | undefined;
  #isReady = false;

  constructor(db: Connections, tables: Tables, onConflict: OnConflict, readsIncomplete = false) {
    this.#db = db;
    this.#tables = tables;
    this.#onConflict = onConflict;
    this.#readsIncomplete = readsIncomplete;
  }

  forMigrations(): CheckpointStore {
    return new PostgresStore(this.#db, this.#tables, this.#onConflict, true);
  }

  async setup(createSchema: boolean): Promise<void> {
    await migrate(this.#db, this.#tables, createSchema);
    this.#isReady = true;
  }

  ready(operation: string): Promise<void> | undefined {
    return this.#isReady ? undefined : this.#checkOnce(operation);
  }

  async #checkOnce(operation: string): Promise<void> {
    this.#schemaCheck ??= withoutSignal(() => checkSchema(this.#db, this.#tables, operation));
    try {
      await this.#schemaCheck;
      this.#isReady = true;
    } catch (error) {
      // Failures are not remembered: another process may run setup() before the next operation.
      this.#schemaCheck = undefined;
      throw error;
    }
  }

  getTuple(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    _config?: RunnableConfig,
    cached?: CachedRecord,
  ): Promise<Reading> {
    return getTuple(this.#db, this.#tables, ref, checkpointId, cached, this.#readsIncomplete);
  }

  list(threadId: string, selection: ListSelection, limit: number): AsyncIterable<Reading> {
    return list(this.#db, this.#tables, threadId, selection, limit, this.#readsIncomplete);
  }

  listThreadIds(): AsyncIterable<string> {
    return listThreadIds(this.#db, this.#tables);
  }

  async *getDeltaChannelHistory(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    channels: readonly string[],
  ): AsyncIterable<Reading> {
    yield await getDeltaChannelHistory(this.#db, this.#tables, ref, checkpointId, channels);
  }

  async put(input: PutInput): Promise<WriteOutcome> {
    const outcome = await put(this.#db, this.#tables, this.#recent, input, this.#onConflict === "reject");
    return this.#withReason("put", input.ref.threadId, input.token, outcome);
  }

  async putWrites(input: PutWritesInput): Promise<WriteOutcome> {
    const outcome = await putWrites(this.#db, this.#tables, this.#recent, input);
    return this.#withReason("putWrites", input.ref.threadId, input.token, outcome);
  }

  /** A refusal, with the reason for which the lease was ended. */
  async #withReason<T extends { readonly kind: string }>(
    operation: string,
    threadId: string,
    token: string | undefined,
    outcome: T,
  ): Promise<T | LeaseLost> {
    if (outcome.kind !== "lease-lost" || token === undefined) return outcome;
    return lostLease(this.#db, this.#tables, operation, threadId, token);
  }

  async deleteThread(threadId: string, token: string | undefined, others?: readonly string[]): Promise<Refusal | undefined> {
    this.#recent.delete(threadId);
    const refusal = await deleteThread(this.#db, this.#tables, threadId, token, others);
    return refusal && this.#withReason("deleteThread", threadId, token, refusal);
  }

  deleteIdleThread(threadId: string, idleMs: number): Promise<IdleDeletion> {
    this.#recent.delete(threadId);
    return deleteIdleThread(this.#db, this.#tables, threadId, idleMs);
  }

  threadKey(threadId: string): Promise<string | undefined> {
    return threadKey(this.#db, this.#tables, threadId);
  }

  checkpointSummaries(threadId: string): Promise<CheckpointSummaries | undefined> {
    return checkpointSummaries(this.#db, this.#tables, threadId);
  }

  async prune(input: PruneInput): Promise<PruneOutcome> {
    const outcome = await prune(this.#db, this.#tables, input);
    return this.#withReason("prune", input.threadId, input.token, outcome);
  }

  copyThread(from: string, to: string): Promise<CopyOutcome> {
    return copyThread(this.#db, this.#tables, from, to);
  }

  threadPlace(threadId: string): Promise<ThreadPlace> {
    return threadPlace(this.#db, this.#tables, threadId);
  }

  beginMigration(threadId: string, token: string): Promise<boolean> {
    return beginMigration(this.#db, this.#tables, threadId, token);
  }

  endMigration(threadId: string, token: string): Promise<boolean> {
    return endMigration(this.#db, this.#tables, threadId, token);
  }

  listThreads(selection: ThreadSelection, limit: number): AsyncIterable<ThreadSummary> {
    return listThreads(this.#db, this.#tables, selection, limit);
  }

  threadStats(threadId: string): Promise<StoredThread | undefined> {
    return threadStats(this.#db, this.#tables, threadId);
  }

  setLabels(threadId: string, labels: ChangedLabels): Promise<boolean> {
    this.#recent.delete(threadId);
    return setLabels(this.#db, this.#tables, threadId, labels);
  }

  threadHistory(threadId: string): Promise<ThreadHistory | undefined> {
    return threadHistory(this.#db, this.#tables, threadId);
  }

  async adoptHistory(threadId: string, history: ThreadHistory): Promise<void> {
    await adoptHistory(this.#db, this.#tables, threadId, history);
    // The next write is later than all that.
    this.#recent.delete(threadId);
  }

  stats(): Promise<StoreStats> {
    return stats(this.#db, this.#tables);
  }

  allThreadIds(): AsyncIterable<string> {
    return allThreadIds(this.#db, this.#tables);
  }

  threadParts(threadId: string, hasRead: (segmentId: string) => boolean): AsyncIterable<ThreadPart> {
    return threadParts(this.#db, this.#tables, threadId, hasRead);
  }

  threadsOfRuns(runIds: readonly string[], among: AmongThreads): AsyncIterable<string> {
    return threadsOfRuns(this.#db, this.#tables, runIds, among);
  }

  async claimSweep(token: string | undefined, ttlMs: number): Promise<SweepClaim | undefined> {
    if (token !== undefined) return renewSweep(this.#db, this.#tables, token, ttlMs);
    const claim = await claimSweep(this.#db, this.#tables, ttlMs);
    // Rows left by a process that died while deleting a large thread.
    if (claim !== undefined) await purgeDeleted(this.#db, this.#tables, "sweep", null);
    return claim;
  }

  releaseSweep(token: string, cursor: string): Promise<void> {
    return releaseSweep(this.#db, this.#tables, token, cursor);
  }

  sweepPage(cursor: string, limit: number): Promise<SweepPage> {
    return sweepPage(this.#db, this.#tables, cursor, limit);
  }

  markSwept(threadId: string, seen: string): Promise<void> {
    return markSwept(this.#db, this.#tables, threadId, seen);
  }

  acquireLease(request: LeaseRequest): Promise<LeaseAnswer> {
    return acquireLease(this.#db, this.#tables, request);
  }

  renewLease(threadId: string, token: string, ttlMs: number): Promise<LeaseLost | undefined> {
    return renewLease(this.#db, this.#tables, threadId, token, ttlMs);
  }

  releaseLease(threadId: string, token: string, end?: RunEnd): Promise<void> {
    return releaseLease(this.#db, this.#tables, threadId, token, end);
  }

  handOverLease(threadId: string, token: string): Promise<void> {
    return handOverLease(this.#db, this.#tables, threadId, token);
  }

  revokeLease(threadId: string, reason: string): Promise<RevokedLease | undefined> {
    return revokeLease(this.#db, this.#tables, threadId, reason);
  }

  endedLeases(olderThanMs: number, limit: number): Promise<readonly EndedLease[]> {
    return endedLeases(this.#db, this.#tables, olderThanMs, limit);
  }

  findRun(threadId: string, key: string): Promise<StoredRun | undefined> {
    return findRun(this.#db, this.#tables, threadId, key);
  }

  beginRun(threadId: string, token: string, run: RunBeginning): Promise<StoredRun | LeaseLost> {
    return beginRun(this.#db, this.#tables, threadId, token, run);
  }

  continueRun(threadId: string, token: string, key: string): Promise<StoredRun | LeaseLost | undefined> {
    return continueRun(this.#db, this.#tables, threadId, token, key);
  }

  runProgress(threadId: string, leases: readonly string[]): Promise<RunProgress> {
    return runProgress(this.#db, this.#tables, threadId, leases);
  }

  ping(): Promise<void> {
    return this.#db.ping();
  }

  end(): Promise<void> {
    return this.#db.end();
  }
}

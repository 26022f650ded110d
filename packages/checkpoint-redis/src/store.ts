import type { StoredThread, StoreStats } from "@holdfast/checkpoint-core";
import {
  type AmongThreads,
  type CachedRecord,
  type ChangedLabels,
  type CheckpointStore,
  type CheckpointSummaries,
  type CopyOutcome,
  type EndedLease,
  entryCache,
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
  type Reading,
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
} from "@holdfast/checkpoint-core/adapter";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Connection } from "./client.js";
import type { Keys } from "./keys.js";
import { LeaseIndex } from "./lease-index.js";
import { checkpointSummaries } from "./operations/checkpoint-summaries.js";
import { copyThread } from "./operations/copy-thread.js";
import { deleteIdleThread } from "./operations/delete-idle-thread.js";
import { deleteThread } from "./operations/delete-thread.js";
import { getDeltaChannelHistory } from "./operations/get-delta-channel-history.js";
import { getTuple } from "./operations/get-tuple.js";
import { acquireLease, handOverLease, releaseLease, renewLease } from "./operations/lease.js";
import { list } from "./operations/list.js";
import { listThreads } from "./operations/list-threads.js";
import { beginMigration, endMigration, threadPlace } from "./operations/migration.js";
import { persist } from "./operations/persist.js";
import { prune } from "./operations/prune.js";
import { put } from "./operations/put.js";
import { putWrites } from "./operations/put-writes.js";
import { revokeLease } from "./operations/revoke-lease.js";
import { stats } from "./operations/stats.js";
import { claimSweep, markSwept, releaseSweep, sweepPage } from "./operations/sweep.js";
import { beginRun, continueRun, findRun, runProgress } from "./operations/runs.js";
import { setLabels } from "./operations/set-labels.js";
import { adoptHistory, threadHistory } from "./operations/thread-history.js";
import { type TimedThreadKey, threadKey } from "./operations/thread-key.js";
import { threadStats } from "./operations/thread-stats.js";
import { threadsOfRuns } from "./operations/threads-of-runs.js";
import { allThreadIds, threadParts } from "./operations/verify.js";
import { type Fate, ThreadIndex } from "./thread-index.js";
import { together } from "./together.js";
import { type TtlPolicy, threadTime, ttlArgument, ttlOfConfig } from "./ttl.js";

/**
 * The operations on one key prefix of one Redis.
 *
 * Longer than 300 lines: a short method for each operation of a store.
 */
export class RedisStore implements CheckpointStore {
  readonly #redis: Connection;
  readonly #keys: Keys;
  readonly #ttl: TtlPolicy;
  readonly #readsIncomplete: boolean;
  readonly #threads: ThreadIndex;
  readonly #leases: LeaseIndex;
  /** Index entries of this process's leases, for their release. */
  readonly #notes = entryCache<string>(10_000);

  constructor(redis: Connection, keys: Keys, ttl: TtlPolicy, readsIncomplete = false) {
    this.#redis = redis;
    this.#keys = keys;
    this.#ttl = ttl;
    this.#readsIncomplete = readsIncomplete;
    this.#threads = new ThreadIndex(redis, keys);
    this.#leases = new LeaseIndex(redis, keys);
  }

  forMigrations(): CheckpointStore {
    return new RedisStore(this.#redis, this.#keys, this.#ttl, true);
  }

  /** Redis needs no setup; the scripts check whether they can read a thread. */
  ready(_operation: string, config?: RunnableConfig): undefined {
    ttlOfConfig(config);
  }

  async getTuple(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    config?: RunnableConfig,
    cached?: CachedRecord,
  ): Promise<Reading> {
    const ttl = this.#ttl.refreshOnRead ? ttlArgument(this.#ttl, config) || "same" : "";
    const reading = await getTuple(this.#redis, this.#keys, ref, checkpointId, ttl, cached, this.#readsIncomplete);
    const isThere = ttl !== "" && reading.checkpoints.length > 0;
    const { lastsMs, isOwn } = threadTime(this.#ttl, config);
    if (isThere && isOwn) await this.#threads.coverOwn(ref.threadId, lastsMs);
    else if (isThere && String(reading.more[0]) !== "")
      await this.#threads.cover(ref.threadId, Number(reading.more[0]), reading.checkpoints[0]?.guard.threadKey);
    return reading;
  }

  list(threadId: string, selection: ListSelection, limit: number): AsyncIterable<Reading> {
    return list(this.#redis, this.#keys, threadId, selection, limit, this.#readsIncomplete);
  }

  listThreadIds(): AsyncIterable<string> {
    return this.#threads.threadIds();
  }

  getDeltaChannelHistory(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    channels: readonly string[],
  ): AsyncIterable<Reading> {
    return getDeltaChannelHistory(this.#redis, this.#keys, ref, checkpointId, channels);
  }

  put(input: PutInput): Promise<WriteOutcome> {
    const { config, ref } = input;
    return this.#threads.during(ref.threadId, threadTime(this.#ttl, config), () =>
      put(this.#redis, this.#keys, input, ttlArgument(this.#ttl, config)),
    );
  }

  putWrites(input: PutWritesInput): Promise<WriteOutcome> {
    const { config, ref } = input;
    return this.#threads.during(ref.threadId, threadTime(this.#ttl, config), () =>
      putWrites(this.#redis, this.#keys, input, ttlArgument(this.#ttl, config)),
    );
  }

  async deleteThread(threadId: string, token: string | undefined, others: readonly string[] = []): Promise<Refusal | undefined> {
    const remove = (life: TimedThreadKey) => deleteThread(this.#redis, this.#keys, threadId, token, others, life);
    for (;;) {
      const deletion = await this.#threads.ending("deleteThread", threadId, remove, fateOf);
      if (deletion !== "late") return typeof deletion === "string" ? undefined : deletion;
    }
  }

  async acquireLease(request: LeaseRequest): Promise<LeaseAnswer> {
    const { threadId, ttlMs } = request;
    const granting = acquireLease(this.#redis, this.#keys, request, ttlArgument(this.#ttl, undefined));
    const [answer, note] = await together(granting, this.#leases.add(threadId, ttlMs)).catch(async (error: unknown) => {
      // Nobody holds it: others need not wait until it expires.
      const granted = await granting.catch(() => undefined);
      if (granted?.kind === "granted") {
        await releaseLease(this.#redis, this.#keys, threadId, granted.token).catch(() => undefined);
      }
      throw error;
    });
    if (answer.kind === "granted") this.#notes.set(`${answer.token} ${threadId}`, note);
    if (answer.kind === "granted" && answer.lasting)
      await this.#threads.cover(threadId, answer.lasting.ms, answer.lasting.threadKey);
    return answer;
  }

  async renewLease(threadId: string, token: string, ttlMs: number): Promise<LeaseLost | undefined> {
    const renewed = await renewLease(this.#redis, this.#keys, threadId, token, ttlMs, ttlArgument(this.#ttl, undefined));
    if (renewed.kind === "lease-lost") return renewed;
    if (renewed.lasting) await this.#threads.cover(threadId, renewed.lasting.ms, renewed.lasting.threadKey);
    return undefined;
  }

  async releaseLease(threadId: string, token: string, end?: RunEnd): Promise<void> {
    const note = this.#notes.get(`${token} ${threadId}`);
    this.#notes.delete(`${token} ${threadId}`);
    await together(
      releaseLease(this.#redis, this.#keys, threadId, token, end),
      note === undefined ? undefined : this.#leases.remove(threadId, note),
    );
  }

  async handOverLease(threadId: string, token: string): Promise<void> {
    this.#notes.delete(`${token} ${threadId}`);
    await handOverLease(this.#redis, this.#keys, threadId, token);
    // Not in parallel: a reader that finds the entry of a live lease would move it to the lease's original end.
    await this.#leases.expireNow(threadId);
  }

  revokeLease(threadId: string, reason: string): Promise<RevokedLease | undefined> {
    return revokeLease(this.#redis, this.#keys, threadId, reason);
  }

  threadKey(threadId: string): Promise<string | undefined> {
    return threadKey(this.#redis, this.#keys, threadId);
  }

  checkpointSummaries(threadId: string): Promise<CheckpointSummaries | undefined> {
    return checkpointSummaries(this.#redis, this.#keys, threadId);
  }

  async prune(input: PruneInput): Promise<PruneOutcome> {
    const work = () => prune(this.#redis, this.#keys, input);
    const { hasEnded: _, ...outcome } = await this.#threads.ending("prune", input.threadId, work, ({ hasEnded }) =>
      hasEnded === true ? "ended" : "stays",
    );
    return outcome;
  }

  threadPlace(threadId: string): Promise<ThreadPlace> {
    return threadPlace(this.#redis, this.#keys, threadId);
  }

  beginMigration(threadId: string, token: string): Promise<boolean> {
    return beginMigration(this.#redis, this.#keys, threadId, token);
  }

  endMigration(threadId: string, token: string): Promise<boolean> {
    return endMigration(this.#redis, this.#keys, threadId, token);
  }

  async copyThread(from: string, to: string): Promise<CopyOutcome> {
    const enter = (lastsMs: number) => this.#threads.addNew(to, lastsMs);
    return copyThread(this.#redis, this.#keys, { from, to, ttl: ttlArgument(this.#ttl, undefined), enter });
  }

  listThreads(selection: ThreadSelection, limit: number): AsyncIterable<ThreadSummary> {
    return listThreads(this.#redis, this.#keys, selection, limit);
  }

  threadStats(threadId: string): Promise<StoredThread | undefined> {
    return threadStats(this.#redis, this.#keys, threadId);
  }

  stats(): Promise<StoreStats> {
    return stats(this.#redis, this.#keys);
  }

  allThreadIds(): AsyncIterable<string> {
    return allThreadIds(this.#redis, this.#keys);
  }

  threadParts(threadId: string, hasRead: (segmentId: string) => boolean): AsyncIterable<ThreadPart> {
    return threadParts(this.#redis, this.#keys, threadId, hasRead);
  }

  setLabels(threadId: string, labels: ChangedLabels): Promise<boolean> {
    return setLabels(this.#redis, this.#keys, threadId, labels);
  }

  threadHistory(threadId: string): Promise<ThreadHistory | undefined> {
    return threadHistory(this.#redis, this.#keys, threadId);
  }

  async adoptHistory(threadId: string, history: ThreadHistory): Promise<void> {
    const times = await adoptHistory(this.#redis, this.#keys, threadId, history);
    if (times !== undefined) await this.#threads.adopt(threadId, times);
  }

  threadsOfRuns(runIds: readonly string[], among: AmongThreads): AsyncIterable<string> {
    return threadsOfRuns(this.#redis, this.#keys, runIds, among);
  }

  claimSweep(token: string | undefined, ttlMs: number): Promise<SweepClaim | undefined> {
    return claimSweep(this.#redis, this.#keys, token, ttlMs);
  }

  releaseSweep(token: string, cursor: string): Promise<void> {
    return releaseSweep(this.#redis, this.#keys, token, cursor);
  }

  async sweepPage(cursor: string, limit: number): Promise<SweepPage> {
    const { absent, ...page } = await sweepPage(this.#redis, this.#keys, cursor, limit);
    for (const { threadId, created } of absent) await this.#threads.forgetAbsent("sweep", threadId, created);
    return page;
  }

  markSwept(threadId: string, seen: string): Promise<void> {
    return markSwept(this.#redis, this.#keys, threadId, seen);
  }

  async deleteIdleThread(threadId: string, idleMs: number): Promise<IdleDeletion> {
    const end = () => deleteIdleThread(this.#redis, this.#keys, threadId, idleMs);
    const deletion = await this.#threads.ending("sweep", threadId, end, fateOf);
    return deletion === "none" ? "kept" : deletion;
  }

  endedLeases(olderThanMs: number, limit: number): Promise<readonly EndedLease[]> {
    return this.#leases.ended(olderThanMs, limit);
  }

  findRun(threadId: string, key: string): Promise<StoredRun | undefined> {
    return findRun(this.#redis, this.#keys, threadId, key);
  }

  beginRun(threadId: string, token: string, run: RunBeginning): Promise<StoredRun | LeaseLost> {
    return beginRun(this.#redis, this.#keys, threadId, token, run);
  }

  continueRun(threadId: string, token: string, key: string): Promise<StoredRun | LeaseLost | undefined> {
    return continueRun(this.#redis, this.#keys, threadId, token, key);
  }

  runProgress(threadId: string, leases: readonly string[]): Promise<RunProgress> {
    return runProgress(this.#redis, this.#keys, threadId, leases);
  }

  persist(threadId: string): Promise<boolean> {
    return this.#threads.persisting(threadId, () => persist(this.#redis, this.#keys, threadId));
  }

  ping(): Promise<void> {
    return this.#redis.ping();
  }

  end(): Promise<void> {
    return this.#redis.end();
  }
}

/** What a deletion tells about its thread. */
function fateOf(deletion: unknown): Fate {
  if (deletion === "deleted") return "ended";
  return deletion === "none" ? "absent" : "stays";
}

import type {
  CheckpointInHand,
  CheckpointStore,
  EndedLease,
  LeaseAnswer,
  LeaseRequest,
  ListSelection,
  NamespaceRef,
  OnConflict,
  PutInput,
  PutWritesInput,
  Refusal,
  WriteOutcome,
} from "@holdfast/checkpoint-core";
import type { RunnableConfig } from "@langchain/core/runnables";
import { checkSchema, migrate } from "./migrations/migrate.js";
import { deleteThread } from "./operations/delete-thread.js";
import { getDeltaChannelHistory } from "./operations/get-delta-channel-history.js";
import { getTuple } from "./operations/get-tuple.js";
import { acquireLease, endedLeases, handOverLease, releaseLease, renewLease } from "./operations/lease.js";
import { list, listThreadIds } from "./operations/list.js";
import { put } from "./operations/put.js";
import { putWrites } from "./operations/put-writes.js";
import type { Reading } from "./operations/read-checkpoints.js";
import type { Connections } from "./pool.js";
import type { Tables } from "./tables.js";

/** The operations on one schema of one database. */
export class PostgresStore implements CheckpointStore {
  readonly #db: Connections;
  readonly #tables: Tables;
  readonly #countsCommits: boolean;
  /** The check that the schema fits this code, made once, before the first operation. */
  #schemaCheck: Promise<void> | undefined;

  constructor(db: Connections, tables: Tables, onConflict: OnConflict) {
    this.#db = db;
    this.#tables = tables;
    this.#countsCommits = onConflict === "reject";
  }

  async setup(createSchema: boolean): Promise<void> {
    await migrate(this.#db, this.#tables, createSchema);
    this.#schemaCheck = Promise.resolve();
  }

  async ready(operation: string): Promise<void> {
    this.#schemaCheck ??= checkSchema(this.#db, this.#tables, operation);
    try {
      await this.#schemaCheck;
    } catch (error) {
      // Not remembered: setup() may have been run elsewhere when the next operation comes.
      this.#schemaCheck = undefined;
      throw error;
    }
  }

  getTuple(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    _config?: RunnableConfig,
    have?: CheckpointInHand,
  ): Promise<Reading> {
    return getTuple(this.#db, this.#tables, ref, checkpointId, have);
  }

  list(threadId: string, selection: ListSelection, limit: number): AsyncIterable<Reading> {
    return list(this.#db, this.#tables, threadId, selection, limit);
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

  put(input: PutInput): Promise<WriteOutcome> {
    return put(this.#db, this.#tables, input, this.#countsCommits);
  }

  putWrites(input: PutWritesInput): Promise<WriteOutcome> {
    return putWrites(this.#db, this.#tables, input);
  }

  deleteThread(threadId: string, token: string | undefined): Promise<Refusal | undefined> {
    return deleteThread(this.#db, this.#tables, threadId, token);
  }

  acquireLease(request: LeaseRequest): Promise<LeaseAnswer> {
    return acquireLease(this.#db, this.#tables, request);
  }

  renewLease(threadId: string, token: string, ttlMs: number): Promise<boolean> {
    return renewLease(this.#db, this.#tables, threadId, token, ttlMs);
  }

  releaseLease(threadId: string, token: string): Promise<void> {
    return releaseLease(this.#db, this.#tables, threadId, token);
  }

  handOverLease(threadId: string, token: string): Promise<void> {
    return handOverLease(this.#db, this.#tables, threadId, token);
  }

  endedLeases(olderThanMs: number, limit: number): Promise<readonly EndedLease[]> {
    return endedLeases(this.#db, this.#tables, olderThanMs, limit);
  }

  end(): Promise<void> {
    return this.#db.end();
  }
}

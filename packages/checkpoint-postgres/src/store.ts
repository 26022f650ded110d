import type {
  CheckpointStore,
  ListSelection,
  NamespaceRef,
  PutInput,
  PutWritesInput,
  ThreadGuard,
} from "@holdfast/checkpoint-core";
import { checkSchema, migrate } from "./migrations/migrate.js";
import { deleteThread } from "./operations/delete-thread.js";
import { getDeltaChannelHistory } from "./operations/get-delta-channel-history.js";
import { getTuple } from "./operations/get-tuple.js";
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
  /** The check that the schema fits this code, made once, before the first operation. */
  #schemaCheck: Promise<void> | undefined;

  constructor(db: Connections, tables: Tables) {
    this.#db = db;
    this.#tables = tables;
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

  getTuple(ref: NamespaceRef, checkpointId: string | undefined): Promise<Reading> {
    return getTuple(this.#db, this.#tables, ref, checkpointId);
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

  put(input: PutInput): Promise<ThreadGuard | undefined> {
    return put(this.#db, this.#tables, input);
  }

  putWrites(input: PutWritesInput): Promise<boolean> {
    return putWrites(this.#db, this.#tables, input);
  }

  deleteThread(threadId: string): Promise<void> {
    return deleteThread(this.#db, this.#tables, threadId);
  }

  end(): Promise<void> {
    return this.#db.end();
  }
}

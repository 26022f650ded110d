import type {
  CheckpointStore,
  ListSelection,
  NamespaceRef,
  PutInput,
  PutWritesInput,
  Reading,
  ThreadGuard,
} from "@holdfast/checkpoint-core";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Connection } from "./client.js";
import type { Keys } from "./keys.js";
import { deleteThread } from "./operations/delete-thread.js";
import { getDeltaChannelHistory } from "./operations/get-delta-channel-history.js";
import { getTuple } from "./operations/get-tuple.js";
import { list } from "./operations/list.js";
import { persist } from "./operations/persist.js";
import { put } from "./operations/put.js";
import { putWrites } from "./operations/put-writes.js";
import { ThreadIndex } from "./thread-index.js";
import { lastsMs, type TtlPolicy, ttlArgument, ttlOfConfig } from "./ttl.js";

/** The operations on one key prefix of one Redis. */
export class RedisStore implements CheckpointStore {
  readonly #redis: Connection;
  readonly #keys: Keys;
  readonly #ttl: TtlPolicy;
  readonly #index: ThreadIndex;

  constructor(redis: Connection, keys: Keys, ttl: TtlPolicy) {
    this.#redis = redis;
    this.#keys = keys;
    this.#ttl = ttl;
    this.#index = new ThreadIndex(redis, keys);
  }

  /** Redis has nothing to be set up; the scripts see whether they can read a thread. */
  async ready(_operation: string, config?: RunnableConfig): Promise<void> {
    ttlOfConfig(config);
  }

  getTuple(ref: NamespaceRef, checkpointId: string | undefined, config?: RunnableConfig): Promise<Reading> {
    const ttl = this.#ttl.refreshOnRead ? ttlArgument(this.#ttl, config) : "";
    return getTuple(this.#redis, this.#keys, ref, checkpointId, ttl);
  }

  list(threadId: string, selection: ListSelection, limit: number): AsyncIterable<Reading> {
    return list(this.#redis, this.#keys, threadId, selection, limit);
  }

  listThreadIds(): AsyncIterable<string> {
    return this.#index.threadIds();
  }

  getDeltaChannelHistory(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    channels: readonly string[],
  ): AsyncIterable<Reading> {
    return getDeltaChannelHistory(this.#redis, this.#keys, ref, checkpointId, channels);
  }

  async put(input: PutInput): Promise<ThreadGuard | undefined> {
    const { config, ref } = input;
    const stored = await this.#index.during(ref.threadId, lastsMs(this.#ttl, config), () =>
      put(this.#redis, this.#keys, input, ttlArgument(this.#ttl, config)),
    );
    return stored === undefined ? undefined : { threadKey: stored.threadKey, epoch: stored.epoch };
  }

  async putWrites(input: PutWritesInput): Promise<boolean> {
    const { config, ref } = input;
    const stored = await this.#index.during(ref.threadId, lastsMs(this.#ttl, config), () =>
      putWrites(this.#redis, this.#keys, input, ttlArgument(this.#ttl, config)),
    );
    return stored !== undefined;
  }

  async deleteThread(threadId: string): Promise<void> {
    const forgotten = this.#index.remove(threadId);
    // The entry goes first: removed after the thread, it could be that of a new one. One connection keeps the order by itself.
    if (this.#redis.isCluster) await forgotten;
    await Promise.all([forgotten, deleteThread(this.#redis, this.#keys, threadId)]);
  }

  persist(threadId: string): Promise<boolean> {
    return persist(this.#redis, this.#keys, threadId);
  }

  end(): Promise<void> {
    return this.#redis.end();
  }
}

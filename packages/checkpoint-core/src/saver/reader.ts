import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointPendingWrite, CheckpointTuple, DeltaChannelHistory } from "@langchain/langgraph-checkpoint";
import type { CheckpointRef, NamespaceRef } from "../config/checkpoint-ref.js";
import { decodeWrites, pendingWrite } from "../format/pending-writes.js";
import { type CachedCheckpoint, canDecodeCached, channelNames, decodeCached, decodeCheckpoint } from "../format/record.js";
import { SegmentReader } from "../format/segment.js";
import { breathe } from "../format/turn.js";
import type { ChannelValue } from "../format/value.js";
import { taskOrder } from "../format/write-order.js";
import type { CheckpointStore, ListSelection, ReadCheckpoint, ThreadGuard } from "../store/checkpoint-store.js";
import type { CacheEntry, CheckpointCache } from "./cache.js";
import type { ValueSerializer } from "./channel-updates.js";
import type { ThreadLives } from "./thread-lives.js";
import { makeTuple, needsParentSends, type StoredTuple } from "./tuple.js";

/** Reads checkpoints and makes of them what LangGraph takes. */
export class CheckpointReader {
  readonly #store: CheckpointStore;
  readonly #serializer: ValueSerializer;
  readonly #cache: CheckpointCache<ThreadGuard>;
  readonly #lives: ThreadLives;

  constructor(store: CheckpointStore, serializer: ValueSerializer, cache: CheckpointCache<ThreadGuard>, lives: ThreadLives) {
    this.#store = store;
    this.#serializer = serializer;
    this.#cache = cache;
    this.#lives = lives;
  }

  /** The checkpoint with that id, or the one committed last. */
  async tuple(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    config?: RunnableConfig,
  ): Promise<CheckpointTuple | undefined> {
    const entry = this.#cached(ref, checkpointId);
    const reading = await this.#store.getTuple(ref, checkpointId, config, entry);
    const [read] = reading.checkpoints;
    if (ref.namespace === "") this.#noteLife(ref.threadId, checkpointId, read);
    if (read === undefined) return undefined;
    const cached = read.values === "none" ? entry?.cached : undefined;
    const stored = decodeStored(ref.threadId, read, await SegmentReader.open(reading.segments), cached);
    // The next put of this run builds on it.
    this.#cache.set(stored.ref, stored.checkpoint.cached, read.guard, read.record);
    return this.#tupleOf(stored);
  }

  #noteLife(threadId: string, checkpointId: string | undefined, read: ReadCheckpoint | undefined): void {
    if (read !== undefined) this.#lives.note(threadId, read.guard.threadKey);
    else if (checkpointId === undefined) this.#lives.forget(threadId);
  }

  /**
   * The checkpoint that is asked for, or probably will be found, if this process has its values: of a long conversation, the store then sends some hundred
   * bytes, and nothing has to be decompressed.
   */
  #cached(ref: NamespaceRef, checkpointId: string | undefined): NamedEntry | undefined {
    const last = this.#cache.last(ref);
    const entry =
      checkpointId === undefined || checkpointId === last?.checkpointId ? last : this.#entry({ ...ref, checkpointId });
    return entry !== undefined && canDecodeCached(entry.record, entry.cached) ? entry : undefined;
  }

  #entry(ref: CheckpointRef): NamedEntry | undefined {
    const entry = this.#cache.get(ref);
    return entry && { ...entry, checkpointId: ref.checkpointId };
  }

  /** Checkpoints of one thread, or of all, newest committed first. */
  async *list(threadId: string | undefined, selection: ListSelection, limit: number): AsyncGenerator<CheckpointTuple> {
    let left = limit;
    for await (const thread of threadId === undefined ? this.#store.listThreadIds() : [threadId]) {
      if (left <= 0) return;
      for await (const page of this.#store.list(thread, selection, left)) {
        const segments = await SegmentReader.open(page.segments);
        for (const read of page.checkpoints) {
          left -= 1;
          await breathe();
          yield await this.#tupleOf(decodeStored(thread, read, segments));
        }
      }
    }
  }

  /** What a `put` can build on a checkpoint that the cache does not have. */
  async readEntry(ref: CheckpointRef): Promise<CacheEntry<ThreadGuard> | "not-stored"> {
    const reading = await this.#store.getTuple(ref, ref.checkpointId);
    const [read] = reading.checkpoints;
    if (read === undefined) return "not-stored";
    const { cached } = decodeCheckpoint(read.record, await SegmentReader.open(reading.segments));
    return { cached, guard: read.guard, record: read.record, related: [] };
  }

  /** The writes of a checkpoint's ancestors by channel, and where each channel's walk ends. */
  async deltaHistory(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    channels: readonly string[],
  ): Promise<Record<string, DeltaChannelHistory>> {
    const seeds = new Map<string, unknown>();
    const newestFirst = new Map<string, CheckpointPendingWrite[]>(channels.map((channel) => [channel, []]));
    walk: for await (const reading of this.#store.getDeltaChannelHistory(ref, checkpointId, channels)) {
      const segments = await SegmentReader.open(reading.segments);
      for (const ancestor of reading.checkpoints) {
        await breathe();
        const open = channels.filter((channel) => !seeds.has(channel));
        if (open.length === 0) break walk;
        const writes = decodeWrites(ancestor.slots, segments);
        for (const write of writes.sort(taskOrder(writes)).reverse()) {
          if (!open.includes(write.channel)) continue;
          newestFirst.get(write.channel)?.push(pendingWrite(write, await this.#serializer.load(write.value)));
        }
        const names = channelNames(ancestor.record, segments);
        if (!open.some((channel) => names.has(channel))) continue;
        const values = await this.#valuesOf(ref, ancestor, segments);
        for (const channel of open) {
          const value = values.get(channel);
          if (value !== undefined) seeds.set(channel, await this.#serializer.load(value));
        }
      }
    }
    return Object.fromEntries(
      Array.from(newestFirst, ([channel, writes]) => {
        const history: DeltaChannelHistory = { writes: writes.reverse() };
        if (seeds.has(channel)) history.seed = seeds.get(channel);
        return [channel, history];
      }),
    );
  }

  async #tupleOf(stored: StoredTuple): Promise<CheckpointTuple> {
    if (!needsParentSends(stored)) return makeTuple(stored, this.#serializer);
    const reading = await this.#store.getTuple(stored.ref, stored.parentId);
    const [parent] = reading.checkpoints;
    // Where the parent is gone, a value that was given with the checkpoint itself counts: that of an imported thread.
    if (parent === undefined) return makeTuple(stored, this.#serializer);
    return makeTuple(stored, this.#serializer, decodeWrites(parent.slots, await SegmentReader.open(reading.segments)));
  }

  /** The values of an ancestor; read now, if the walk did not know that they would be wanted: a value from before its channel was a delta channel. */
  async #valuesOf(
    ref: NamespaceRef,
    ancestor: ReadCheckpoint,
    segments: SegmentReader,
  ): Promise<ReadonlyMap<string, ChannelValue>> {
    if (ancestor.values === "all") return decodeCheckpoint(ancestor.record, segments).cached.channels;
    const read = await this.readEntry({ ...ref, checkpointId: ancestor.checkpointId });
    return read === "not-stored" ? new Map() : read.cached.channels;
  }
}

type NamedEntry = CacheEntry<ThreadGuard> & { readonly checkpointId: string };

/**
 * Decodes a checkpoint up to the user's serializer.
 *
 * @param cached its values, where the reading does not have them.
 */
function decodeStored(threadId: string, read: ReadCheckpoint, segments: SegmentReader, cached?: CachedCheckpoint): StoredTuple {
  return {
    ref: { threadId, namespace: read.namespace, checkpointId: read.checkpointId },
    parentId: read.parentId,
    metadata: read.metadata,
    checkpoint: cached === undefined ? decodeCheckpoint(read.record, segments) : decodeCached(read.record, cached),
    writes: decodeWrites(read.slots, segments),
  };
}

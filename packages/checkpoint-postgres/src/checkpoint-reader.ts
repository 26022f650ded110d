import {
  type CachedCheckpoint,
  type ChannelValue,
  type CheckpointCache,
  type CheckpointRef,
  channelNames,
  compareTaskOrder,
  decodeWrites,
  makeTuple,
  type NamespaceRef,
  needsParentSends,
  pendingWrite,
  SegmentReader,
  type StoredTuple,
  type ValueSerializer,
} from "@holdfast/checkpoint-core";
import type { CheckpointPendingWrite, CheckpointTuple, DeltaChannelHistory } from "@langchain/langgraph-checkpoint";
import { readAncestors } from "./operations/get-delta-channel-history.js";
import { getTuple } from "./operations/get-tuple.js";
import { type ListSelection, listThread, listThreadIds } from "./operations/list.js";
import { decodeStored, type ReadCheckpoint, type ThreadGuard } from "./operations/read-checkpoints.js";
import type { Connections } from "./pool.js";
import type { Tables } from "./tables.js";

/** Reads checkpoints and makes of them what LangGraph takes. */
export class CheckpointReader {
  readonly #db: Connections;
  readonly #tables: Tables;
  readonly #serializer: ValueSerializer;
  readonly #cache: CheckpointCache<ThreadGuard>;

  constructor(db: Connections, tables: Tables, serializer: ValueSerializer, cache: CheckpointCache<ThreadGuard>) {
    this.#db = db;
    this.#tables = tables;
    this.#serializer = serializer;
    this.#cache = cache;
  }

  /** The checkpoint with that id, or the one committed last. */
  async tuple(ref: NamespaceRef, checkpointId: string | undefined): Promise<CheckpointTuple | undefined> {
    const reading = await getTuple(this.#db, this.#tables, ref, checkpointId);
    const [row] = reading.checkpoints;
    if (row === undefined) return undefined;
    const stored = decodeStored(ref.threadId, row, new SegmentReader(reading.segments));
    // The next put of this run builds on it.
    this.#cache.set(stored.ref, stored.checkpoint.known, row.guard);
    return this.#tupleOf(stored);
  }

  /** Checkpoints of one thread, or of all, newest committed first. */
  async *list(threadId: string | undefined, selection: ListSelection, limit: number): AsyncGenerator<CheckpointTuple> {
    let left = limit;
    for await (const thread of threadId === undefined ? listThreadIds(this.#db, this.#tables) : [threadId]) {
      if (left <= 0) return;
      for await (const page of listThread(this.#db, this.#tables, thread, selection, left)) {
        const segments = new SegmentReader(page.segments);
        for (const row of page.checkpoints) {
          left -= 1;
          yield await this.#tupleOf(decodeStored(thread, row, segments));
        }
      }
    }
  }

  /** What a `put` can build on a checkpoint that the cache does not have. */
  async known(ref: CheckpointRef): Promise<CachedCheckpoint<ThreadGuard> | "not-stored"> {
    const reading = await getTuple(this.#db, this.#tables, ref, ref.checkpointId);
    const [row] = reading.checkpoints;
    if (row === undefined) return "not-stored";
    const { known } = decodeStored(ref.threadId, row, new SegmentReader(reading.segments)).checkpoint;
    return { known, guard: row.guard, related: [] };
  }

  /** The writes of a checkpoint's ancestors by channel, and where each channel's walk ends. */
  async deltaHistory(
    ref: NamespaceRef,
    checkpointId: string | undefined,
    channels: readonly string[],
  ): Promise<Record<string, DeltaChannelHistory>> {
    const reading = await readAncestors(this.#db, this.#tables, ref, checkpointId, channels);
    const segments = new SegmentReader(reading.segments);
    const seeds = new Map<string, unknown>();
    const newestFirst = new Map<string, CheckpointPendingWrite[]>(channels.map((channel) => [channel, []]));
    for (const row of reading.checkpoints) {
      const open = channels.filter((channel) => !seeds.has(channel));
      if (open.length === 0) break;
      for (const write of decodeWrites(row.slots, segments).sort(compareTaskOrder).reverse()) {
        if (!open.includes(write.channel)) continue;
        newestFirst.get(write.channel)?.push(pendingWrite(write, await this.#serializer.load(write.value)));
      }
      const names = channelNames({ links: row.links, body: row.record }, segments);
      if (!open.some((channel) => names.has(channel))) continue;
      const values = await this.#valuesOf(ref, row, segments);
      for (const channel of open) {
        const value = values.get(channel);
        if (value !== undefined) seeds.set(channel, await this.#serializer.load(value));
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
    const reading = await getTuple(this.#db, this.#tables, stored.ref, stored.parentId);
    const [parent] = reading.checkpoints;
    const writes = parent === undefined ? [] : decodeWrites(parent.slots, new SegmentReader(reading.segments));
    return makeTuple(stored, this.#serializer, writes);
  }

  /** The values of an ancestor; read now, if the walk did not know that they would be wanted: a value from before its channel was a delta channel. */
  async #valuesOf(ref: NamespaceRef, row: ReadCheckpoint, segments: SegmentReader): Promise<ReadonlyMap<string, ChannelValue>> {
    if (row.whole) return decodeStored(ref.threadId, row, segments).checkpoint.known.channels;
    const ancestor = await this.known({ ...ref, checkpointId: row.checkpointId });
    return ancestor === "not-stored" ? new Map() : ancestor.known.channels;
  }
}

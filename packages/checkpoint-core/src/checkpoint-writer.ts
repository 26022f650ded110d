import type { RunnableConfig } from "@langchain/core/runnables";
import type { ChannelVersions, Checkpoint } from "@langchain/langgraph-checkpoint";
import { type ChangedChannels, resolveUpdates, type ValueSerializer } from "./channel-updates.js";
import type { CachedCheckpoint, CheckpointCache, KnownThread } from "./checkpoint-cache.js";
import type { CheckpointReader } from "./checkpoint-reader.js";
import { type CheckpointFrame, type EncodedCheckpoint, encodeCheckpoint } from "./checkpoint-record.js";
import type { CheckpointRef } from "./checkpoint-ref.js";
import type { CheckpointStore, ThreadGuard } from "./checkpoint-store.js";
import { encodeWrites, type SerializedWrite } from "./pending-writes.js";

/** A checkpoint to be stored, with all that may change after the call already taken. */
export interface NewCheckpoint {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly parentId: string | undefined;
  /** JSON. */
  readonly metadata: string;
  readonly snapshots: readonly string[];
  readonly frame: CheckpointFrame;
  readonly changed: ChangedChannels;
  /** As it was given: the source of values that are neither changed nor carried over. */
  readonly given: Checkpoint;
  readonly newVersions: ChannelVersions;
}

/** A batch of pending writes to be stored. */
export interface NewWrites {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly taskId: string;
  readonly taskPath: string | undefined;
  readonly writes: readonly SerializedWrite[];
}

type Parent = CachedCheckpoint<ThreadGuard> | "not-stored" | undefined;

/** Stores checkpoints and writes as differences to what this process knows of the thread, and whole when the thread is not what it knew. */
export class CheckpointWriter {
  readonly #store: CheckpointStore;
  readonly #serializer: ValueSerializer;
  readonly #cache: CheckpointCache<ThreadGuard>;
  readonly #reader: CheckpointReader;

  constructor(
    store: CheckpointStore,
    serializer: ValueSerializer,
    cache: CheckpointCache<ThreadGuard>,
    reader: CheckpointReader,
  ) {
    this.#store = store;
    this.#serializer = serializer;
    this.#cache = cache;
    this.#reader = reader;
  }

  async put(checkpoint: NewCheckpoint): Promise<void> {
    const { ref, parentId } = checkpoint;
    const parentRef = parentId === undefined ? undefined : { ...ref, checkpointId: parentId };
    let parent: Parent =
      parentRef === undefined ? undefined : (this.#cache.get(parentRef) ?? (await this.#reader.known(parentRef)));
    // A thread that was deleted while the run goes on fails the guard, once for each time.
    while (!(await this.#putOn(checkpoint, await this.#encode(checkpoint, parent), parent))) {
      parent = parentRef === undefined ? undefined : await this.#reader.known(parentRef);
    }
    // The run goes on from the new checkpoint. Keeping both would double what a thread holds in the cache.
    if (parentRef !== undefined && parentId !== ref.checkpointId) this.#cache.delete(parentRef);
  }

  async #encode({ frame, given, newVersions, changed }: NewCheckpoint, parent: Parent): Promise<EncodedCheckpoint> {
    const stored = parent === "not-stored" ? undefined : parent;
    const updates = await resolveUpdates(
      this.#serializer,
      given,
      newVersions,
      changed,
      parent === "not-stored" ? parent : parent?.known,
    );
    return encodeCheckpoint(frame, updates, stored?.known, stored?.related);
  }

  /** @returns whether the thread was as expected; else nothing was stored. */
  async #putOn(checkpoint: NewCheckpoint, encoded: EncodedCheckpoint, parent: Parent): Promise<boolean> {
    const { config, ref, parentId, metadata, snapshots } = checkpoint;
    const { record, created, known } = encoded;
    const guard = encoded.reusesSegments && parent !== "not-stored" ? parent?.guard : undefined;
    // Before the answer: the tasks that run on this checkpoint do not wait for it.
    const related = created.filter((segment) => segment.id !== known.keyframe?.id);
    this.#cache.addRelated(ref, related, guard);
    const now = await this.#store.put({ config, ref, parentId, metadata, snapshots, record, created, guard });
    if (now === undefined) return false;
    this.#cache.set(ref, known, now);
    return true;
  }

  async putWrites(batch: NewWrites): Promise<void> {
    // A thread that was deleted since fails the guard; then nothing of it is referred to.
    if (!(await this.#putWritesOn(batch, this.#cache.thread(batch.ref)))) await this.#putWritesOn(batch, undefined);
  }

  async #putWritesOn(
    { config, ref, taskId, taskPath, writes }: NewWrites,
    thread: KnownThread<ThreadGuard> | undefined,
  ): Promise<boolean> {
    const encoded = encodeWrites(writes, this.#cache.related(ref, thread?.guard), thread?.context);
    const guard = encoded.reusesSegments ? thread?.guard : undefined;
    // Before the answer: the put of the next checkpoint does not wait for it.
    this.#cache.addRelated(ref, encoded.created, guard);
    return this.#store.putWrites({ config, ref, taskId, taskPath, writes: encoded, guard });
  }
}

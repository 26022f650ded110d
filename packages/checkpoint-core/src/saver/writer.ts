import { isDeepStrictEqual } from "node:util";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { ChannelVersions, Checkpoint } from "@langchain/langgraph-checkpoint";
import type { CheckpointRef } from "../config/checkpoint-ref.js";
import { ThreadDeletedError } from "../errors.js";
import { encodeWrites, type SerializedWrite } from "../format/pending-writes.js";
import { type CheckpointHeader, type EncodedCheckpoint, encodeCheckpoint } from "../format/record.js";
import { compressed } from "../format/segment.js";
import type { CheckpointStore, PutInput, PutWritesInput, ThreadGuard } from "../store/checkpoint-store.js";
import { refusalError } from "../store/refusal.js";
import type { CachedThread, CacheEntry, CheckpointCache } from "./cache.js";
import { type ChangedChannels, resolveUpdates, type ValueSerializer } from "./channel-updates.js";
import type { CheckpointReader } from "./reader.js";
import type { ThreadLives } from "./thread-lives.js";

/** A checkpoint to be stored, with all that may change after the call already taken. */
export interface NewCheckpoint
  extends Pick<PutInput, "token" | "call" | "lineage" | "life" | "isRepeated" | "expectedHead" | "labels"> {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly parentId: string | undefined;
  /** JSON. */
  readonly metadata: string;
  readonly snapshots: readonly string[];
  readonly header: CheckpointHeader;
  readonly changed: ChangedChannels;
  /** As it was given: the source of values that are neither changed nor carried over. */
  readonly given: Checkpoint;
  readonly newVersions: ChannelVersions;
}

/** A batch of pending writes to be stored. */
export interface NewWrites extends Pick<PutWritesInput, "token" | "call" | "runId" | "place"> {
  readonly config: RunnableConfig;
  readonly ref: CheckpointRef;
  readonly taskId: string;
  readonly writes: readonly SerializedWrite[];
}

type Parent = CacheEntry<ThreadGuard> | "not-stored" | undefined;

/** Stores checkpoints and writes as differences to what this process knows of the thread, and whole when the thread is not what it knew. */
export class CheckpointWriter {
  readonly #store: CheckpointStore;
  readonly #serializer: ValueSerializer;
  readonly #cache: CheckpointCache<ThreadGuard>;
  readonly #reader: CheckpointReader;
  readonly #lives: ThreadLives;

  constructor(
    store: CheckpointStore,
    serializer: ValueSerializer,
    cache: CheckpointCache<ThreadGuard>,
    reader: CheckpointReader,
    lives: ThreadLives,
  ) {
    this.#store = store;
    this.#serializer = serializer;
    this.#cache = cache;
    this.#reader = reader;
    this.#lives = lives;
  }

  /** @throws ThreadBusyError, LeaseLostError, ConcurrentUpdateError, ThreadDeletedError, and what the store throws. */
  async put(checkpoint: NewCheckpoint): Promise<void> {
    const { ref, parentId } = checkpoint;
    const parentRef = parentId === undefined ? undefined : { ...ref, checkpointId: parentId };
    let parent: Parent =
      parentRef === undefined ? undefined : (this.#cache.get(parentRef) ?? (await this.#reader.readEntry(parentRef)));
    let asked = checkpoint;
    // A thread whose segments were freed while the run goes on fails the guard, once for each time.
    for (;;) {
      const kind = await this.#putOn(asked, await this.#encode(checkpoint, parent), parent);
      if (kind === "stored") break;
      if (kind === "past") return;
      // What this process holds of the checkpoint and of its parent may link to what is gone.
      this.#cache.delete(ref);
      if (parentRef !== undefined) this.#cache.delete(parentRef);
      const guard = guardOf(parent);
      parent = parentRef === undefined ? undefined : await this.#reader.readEntry(parentRef);
      // It was there when the guard was read: it was deleted with its thread, or pruned, or the store has lost it. The store knows which, and refuses the
      // first; else the values given are the only ones left.
      asked = { ...asked, isRepeated: true, ...(parent === "not-stored" && { life: guard?.threadKey }) };
    }
    // The run goes on from the new checkpoint. Keeping both would double what a thread holds in the cache.
    if (parentRef !== undefined && parentId !== ref.checkpointId) this.#cache.delete(parentRef);
  }

  async #encode({ header, given, newVersions, changed }: NewCheckpoint, parent: Parent): Promise<EncodedCheckpoint> {
    const stored = parent === "not-stored" ? undefined : parent;
    const updates = await resolveUpdates(
      this.#serializer,
      given,
      newVersions,
      changed,
      parent === "not-stored" ? parent : parent?.cached,
    );
    return encodeCheckpoint(header, updates, stored?.cached, stored?.related);
  }

  /** @returns "changed" when the thread was not as it was read, and nothing was stored. */
  async #putOn(
    checkpoint: NewCheckpoint,
    encoded: EncodedCheckpoint,
    parent: Parent,
  ): Promise<"stored" | "past" | "changed" | "lost"> {
    const { config, ref, parentId, metadata, labels, snapshots, token, call, lineage, life, isRepeated, expectedHead } =
      checkpoint;
    const { record, created, cached } = encoded;
    // Also where no segment is reused: a thread that was deleted meanwhile must not come back (contract C-51).
    const guard = guardOf(parent);
    // Before the answer: the tasks that run on this checkpoint do not wait for it.
    const related = created.filter((segment) => segment.id !== cached.keyframe?.id);
    this.#cache.addRelated(ref, related, encoded.reusesSegments ? guard : undefined);
    const conditions = { guard, token, call, lineage, life, isRepeated, expectedHead };
    const input = { config, ref, parentId, metadata, labels, snapshots, record, ...conditions };
    this.#cache.setInFlight(ref, cached, guard, created);
    try {
      const outcome = await this.#store.put({ ...input, created: await compressed(created) });
      if (outcome.kind === "changed" || outcome.kind === "lost" || outcome.kind === "past") return outcome.kind;
      if (outcome.kind !== "stored") throw refusalError(outcome, ref.threadId);
      if (ref.namespace === "") this.#lives.note(ref.threadId, outcome.guard.threadKey);
      this.#cache.acknowledge(ref, created, outcome.guard);
      this.#cache.set(ref, cached, outcome.guard, record);
      return "stored";
    } finally {
      this.#cache.endInFlight(ref);
    }
  }

  /**
   * @throws ThreadBusyError, LeaseLostError, ThreadDeletedError, and what the store throws.
   */
  async putWrites(batch: NewWrites): Promise<void> {
    const { ref } = batch;
    const thread = this.#cache.thread(ref);
    const kind = await this.#putWritesOn(batch, thread);
    if (kind === "stored" || kind === "past") return;
    // The thread is not the one that this process knew: nothing of that one is referred to, and what belonged to it comes too late.
    const wasStored = isDeepStrictEqual(this.#cache.get(ref)?.guard, thread?.guard);
    if (kind === "changed" && wasStored && (await this.#reader.readEntry(ref)) === "not-stored") {
      await this.#refuseDeleted(ref.threadId, thread?.guard);
      // The checkpoint was pruned: nobody would read the writes.
      return;
    }
    await this.#putWritesOn(batch, undefined);
  }

  /** @throws ThreadDeletedError when the thread is no longer the one of the guard, in which a checkpoint was that is gone now. */
  async #refuseDeleted(threadId: string, guard: ThreadGuard | undefined): Promise<void> {
    if ((await this.#store.threadKey(threadId)) !== guard?.threadKey) throw new ThreadDeletedError(threadId);
  }

  async #putWritesOn(
    { config, ref, taskId, place, runId, writes, token, call }: NewWrites,
    thread: CachedThread<ThreadGuard> | undefined,
  ): Promise<"stored" | "past" | "changed" | "lost"> {
    const guard = thread?.guard;
    const basis = this.#cache.basis(ref);
    const usable = isDeepStrictEqual(basis?.guard, guard) ? basis : undefined;
    const isAnother = usable !== undefined && usable.ref.checkpointId !== ref.checkpointId;
    const others = isAnother ? this.#cache.related(usable.ref, guard) : [];
    const verbatim = [...this.#cache.related(ref, guard), ...others];
    const repeatable = { verbatim, context: thread?.context, inFlight: usable?.inFlight };
    const encoded = await encodeWrites(writes, repeatable, usable?.cached.channels);
    // Before the answer: the put of the next checkpoint does not wait for it.
    this.#cache.addRelated(ref, encoded.created, encoded.reusesSegments ? guard : undefined);
    // The writes of a task may come before the put of their checkpoint is refused, or where it is not tried any more.
    const conditions = { guard, token, call, lineage: [ref], life: this.#lives.of(ref.threadId) };
    const input = { config, ref, taskId, place, runId, slots: encoded.slots, ...conditions };
    const outcome = await this.#store.putWrites({ ...input, created: await compressed(encoded.created) });
    const { kind } = outcome;
    if (kind === "stored") this.#cache.acknowledge(ref, encoded.created, outcome.guard);
    if (kind === "stored" || kind === "past" || kind === "changed" || kind === "lost") return kind;
    throw refusalError(outcome, ref.threadId);
  }
}

function guardOf(parent: Parent): ThreadGuard | undefined {
  return parent === "not-stored" ? undefined : parent?.guard;
}

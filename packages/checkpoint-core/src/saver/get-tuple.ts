import type { RunnableConfig } from "@langchain/core/runnables";
import { type CheckpointMetadata, type CheckpointTuple, maxChannelVersion, TASKS } from "@langchain/langgraph-checkpoint";
import {
  type CheckpointRef,
  configOf,
  type NamespaceRef,
  optionalCheckpointId,
  optionalNamespace,
  optionalThreadId,
} from "../config/ids.js";
import { decodeMetadata } from "../config/metadata.js";
import { isRunConfig, markRead } from "../config/run-config.js";
import { noteTaskPaths } from "../config/task-paths.js";
import { MissingThreadIdError } from "../errors.js";
import { decodeWrites, pendingWrite, type StoredWrite } from "../format/pending-writes.js";
import {
  type CachedCheckpoint,
  canDecodeCached,
  type DecodedCheckpoint,
  decodeCached,
  decodeCheckpoint,
} from "../format/record.js";
import { SegmentReader } from "../format/segment-reader.js";
import type { ValueSerializer } from "../serializer/value-serializer.js";
import type { ReadCheckpoint, Reading } from "../store/checkpoint-store.js";
import { decodeOf, loadOf } from "../store/stored-checkpoint.js";
import type { GuardedCheckpoint } from "./cache.js";
import type { SaverContext, StoreContext } from "./context.js";

/** The checkpoint that a config names, or the one committed last (contract C-10 to C-14). */
export async function getTuple(saver: SaverContext, config: RunnableConfig): Promise<CheckpointTuple | undefined> {
  const threadId = optionalThreadId(config);
  if (threadId === undefined) {
    if (isRunConfig(config)) throw new MissingThreadIdError("A run with a checkpointer");
    return undefined;
  }
  const ref = { threadId, namespace: optionalNamespace(config) ?? "" };
  const checkpointId = optionalCheckpointId(config);
  await saver.store.ready("getTuple", config);
  const own = (): Promise<CheckpointTuple | undefined> => readTuple(saver, ref, checkpointId, config);
  const tuple = await saver.threads.getTuple(config, threadId, own);
  if (tuple === undefined || !saver.rejectsConflicts) return tuple;
  return { ...tuple, config: markRead(tuple.config, tuple.checkpoint.id, checkpointId === undefined) };
}

/** The checkpoint with that id, or the one committed last, as it is in the store. */
export async function readTuple(
  saver: StoreContext,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  config?: RunnableConfig,
): Promise<CheckpointTuple | undefined> {
  const { store, cache, lives } = saver;
  const entry = cachedEntry(saver, ref, checkpointId);
  const reading = await store.getTuple(ref, checkpointId, config, entry);
  const [read] = reading.checkpoints;
  if (ref.namespace === "" && (read !== undefined || checkpointId === undefined)) {
    lives.note(ref.threadId, read?.guard.threadKey, config);
  }
  if (read === undefined) return undefined;
  const known = read.values === "none" ? entry : undefined;
  const opening = segmentsOf(saver, reading);
  const segments = opening instanceof Promise ? await opening : opening;
  const stored = decodeStored(ref.threadId, read, segments, known?.cached);
  // The next put of this run builds on it.
  cache.set(stored.ref, stored.checkpoint.cached, read.guard, known?.record ?? read.record);
  return tupleOf(saver, stored);
}

/**
 * The checkpoint that is asked for, or probably will be found, if this process has its values: of a long conversation, the store then sends some hundred
 * bytes, and nothing has to be decompressed.
 */
function cachedEntry(
  { cache }: StoreContext,
  ref: NamespaceRef,
  checkpointId = cache.thread(ref)?.checkpointId,
): (GuardedCheckpoint & { readonly checkpointId: string }) | undefined {
  const entry = checkpointId === undefined ? undefined : cache.get({ ...ref, checkpointId });
  if (checkpointId === undefined || entry === undefined || !canDecodeCached(entry.record, entry.cached)) return undefined;
  return { ...entry, checkpointId };
}

/** The segments of a reading; what is larger than the limits is refused before it is inflated. */
export function segmentsOf({ serializer }: StoreContext, { segments }: Reading): SegmentReader | Promise<SegmentReader> {
  return SegmentReader.open(segments, serializer.limits);
}

/** What a `put` can build on a checkpoint that the cache does not have. */
export async function readEntry(saver: StoreContext, ref: CheckpointRef): Promise<GuardedCheckpoint | "not-stored"> {
  const reading = await saver.store.getTuple(ref, ref.checkpointId);
  const [read] = reading.checkpoints;
  if (read === undefined) return "not-stored";
  const segments = await segmentsOf(saver, reading);
  const { cached } = decodeOf(ref, () => decodeCheckpoint(read, segments));
  return { cached, guard: read.guard, record: read.record };
}

/** A checkpoint as a store returns it, decoded up to the user's serializer. */
export interface StoredTuple {
  readonly ref: CheckpointRef;
  readonly parentId: string | undefined;
  readonly metadata: CheckpointMetadata;
  readonly checkpoint: DecodedCheckpoint;
  readonly writes: readonly StoredWrite[];
}

/** @param cached the values, where the reading does not have them. */
export function decodeStored(
  threadId: string,
  read: ReadCheckpoint,
  segments: SegmentReader,
  cached?: CachedCheckpoint,
): StoredTuple {
  const ref = { threadId, namespace: read.namespace, checkpointId: read.checkpointId };
  return decodeOf(ref, () => ({
    ref,
    parentId: read.parentId,
    checkpoint: cached === undefined ? decodeCheckpoint(read, segments) : decodeCached(read, cached),
    writes: decodeWrites(read, segments),
    metadata: decodeMetadata(read.metadata),
  }));
}

/** Before this format, a checkpoint's pending sends were the writes of its parent to the `__pregel_tasks` channel (contract C-14). */
const FIRST_FORMAT_WITH_OWN_SENDS = 4;

/** Whether the parent's writes are needed to make this tuple. */
export function needsParentSends(stored: StoredTuple): boolean {
  return stored.checkpoint.header.v < FIRST_FORMAT_WITH_OWN_SENDS && stored.parentId !== undefined;
}

/** The tuple that LangGraph takes. */
export async function tupleOf(saver: StoreContext, stored: StoredTuple): Promise<CheckpointTuple> {
  const { store, serializer } = saver;
  if (!needsParentSends(stored)) return makeTuple(stored, serializer);
  const reading = await store.getTuple(stored.ref, stored.parentId);
  const [parent] = reading.checkpoints;
  // Where the parent is gone, a value that was given with the checkpoint itself counts: that of an imported thread.
  if (parent === undefined) return makeTuple(stored, serializer);
  const parentRef = { ...stored.ref, checkpointId: parent.checkpointId };
  const segments = await segmentsOf(saver, reading);
  const sends = decodeOf(parentRef, () => decodeWrites(parent, segments));
  return makeTuple(stored, serializer, sends);
}

/**
 * A tuple with freshly made values.
 *
 * @param parentWrites the parent's pending writes, when {@link needsParentSends}.
 */
export function makeTuple(
  stored: StoredTuple,
  serializer: ValueSerializer,
  parentWrites?: readonly StoredWrite[],
): Promise<CheckpointTuple> {
  return loadOf(stored.ref, () => loadTuple(stored, serializer, parentWrites));
}

async function loadTuple(
  stored: StoredTuple,
  serializer: ValueSerializer,
  parentWrites: readonly StoredWrite[] | undefined,
): Promise<CheckpointTuple> {
  const { header, cached } = stored.checkpoint;
  const channelValues: Record<string, unknown> = {};
  for (const [channel, value] of cached.channels) setOwn(channelValues, channel, await serializer.load(value));
  const channelVersions = { ...header.channel_versions };
  if (parentWrites !== undefined) {
    const sends = parentWrites.filter((write) => write.channel === TASKS);
    channelValues[TASKS] = await Promise.all(sends.map((write) => serializer.load(write.value)));
    const versions = Object.values(channelVersions);
    channelVersions[TASKS] = versions.length > 0 ? maxChannelVersion(...versions) : 1;
  }
  const pendingWrites = await Promise.all(
    stored.writes.map(async (write) => pendingWrite(write, await serializer.load(write.value))),
  );
  noteTaskPaths(
    pendingWrites,
    stored.writes.map(({ place }) => place.taskPath),
  );
  const tuple: CheckpointTuple = {
    config: configOf(stored.ref),
    checkpoint: { ...header, id: stored.ref.checkpointId, channel_values: channelValues, channel_versions: channelVersions },
    metadata: stored.metadata,
    pendingWrites,
  };
  if (stored.parentId !== undefined) tuple.parentConfig = configOf({ ...stored.ref, checkpointId: stored.parentId });
  return tuple;
}

/** A channel may be called `__proto__`; assignment would set the prototype instead. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

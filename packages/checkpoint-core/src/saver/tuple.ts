import { type CheckpointMetadata, type CheckpointTuple, maxChannelVersion, TASKS } from "@langchain/langgraph-checkpoint";
import { type CheckpointRef, configOf } from "../config/checkpoint-ref.js";
import { noteTaskPaths } from "../config/task-paths.js";
import { pendingWrite, type StoredWrite } from "../format/pending-writes.js";
import type { DecodedCheckpoint } from "../format/record.js";
import { loadOf } from "../store/stored-checkpoint.js";
import type { ValueSerializer } from "./channel-updates.js";

/** A checkpoint as a store returns it, decoded up to the user's serializer. */
export interface StoredTuple {
  readonly ref: CheckpointRef;
  readonly parentId: string | undefined;
  readonly metadata: CheckpointMetadata;
  readonly checkpoint: DecodedCheckpoint;
  readonly writes: readonly StoredWrite[];
}

/** Before this format, a checkpoint's pending sends were the writes of its parent to the `__pregel_tasks` channel. */
const FIRST_FORMAT_WITH_OWN_SENDS = 4;

/** Whether the parent's writes are needed to make this tuple (contract C-14). */
export function needsParentSends(stored: StoredTuple): boolean {
  return stored.checkpoint.header.v < FIRST_FORMAT_WITH_OWN_SENDS && stored.parentId !== undefined;
}

/**
 * The tuple that LangGraph takes, with freshly made values.
 *
 * @param parentWrites the parent's pending writes, when {@link needsParentSends}.
 */
export function makeTuple(
  stored: StoredTuple,
  serializer: ValueSerializer,
  parentWrites?: readonly StoredWrite[],
): Promise<CheckpointTuple> {
  return loadOf(stored.ref, () => load(stored, serializer, parentWrites));
}

async function load(
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

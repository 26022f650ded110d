import type { ChannelVersions, Checkpoint, CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { type CheckpointKey, type CheckpointRef, isCheckpointKey } from "../config/ids.js";
import type { CachedCheckpoint, ChannelUpdate, SerializedValue } from "../format/record.js";
import type { ValueSerializer } from "../serializer/value-serializer.js";

/** The channels that `put` was given new values for, serialized at the call. */
export type ChangedChannels = ReadonlyMap<string, SerializedValue>;

/**
 * Serializes what changed: the channels of `newVersions`, or every one when the checkpoint is a copy (contract C-32, C-34).
 *
 * LangGraph's `updateState(config, …, "__copy__")` puts a copy with empty `newVersions` beside its original, under the original's parent, so the
 * values given are the only ones that are right.
 *
 * @param parent what this process knows of it, which only saves work.
 */
export async function serializeChanged(
  serializer: ValueSerializer,
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
  newVersions: ChannelVersions,
  parent?: CachedCheckpoint,
): Promise<ChangedChannels> {
  const values = checkpoint.channel_values;
  const changed =
    metadata.source === "fork"
      ? Object.keys(values)
      : Object.keys(newVersions).filter((channel) => Object.hasOwn(values, channel));
  return new Map(
    await Promise.all(
      changed.map(
        async (channel) =>
          [channel, await serializer.dumpAfter(parent?.channels.get(channel), values[channel], channel)] as const,
      ),
    ),
  );
}

/**
 * What becomes of every channel: changed ones take their new value, others carry over from the parent where it holds them at the same version, and
 * take the value given where it does not (contract C-33).
 *
 * @param parent `undefined`: there is none; `"not-stored"`: one is named that the store does not have.
 */
export async function resolveUpdates(
  serializer: ValueSerializer,
  checkpoint: Checkpoint,
  newVersions: ChannelVersions,
  changed: ChangedChannels,
  parent: CachedCheckpoint | "not-stored" | undefined,
): Promise<Map<string, ChannelUpdate>> {
  const { channel_values: values, channel_versions: versions } = checkpoint;
  const updates = new Map<string, ChannelUpdate>();
  for (const channel of new Set([...Object.keys(values), ...Object.keys(versions)])) {
    const update = changed.get(channel);
    if (update !== undefined) updates.set(channel, update);
    else if (parent === undefined || Object.hasOwn(newVersions, channel)) continue;
    else if (
      parent !== "not-stored" &&
      Object.hasOwn(parent.versions, channel) &&
      parent.versions[channel] === versions[channel]
    ) {
      if (parent.channels.has(channel)) updates.set(channel, "carried-over");
    } else if (Object.hasOwn(values, channel)) updates.set(channel, await serializer.dump(values[channel], channel));
  }
  return updates;
}

/** Graphs around a subgraph. LangGraph nests some; a metadata of thousands is not its. */
const MOST_ORIGINS = 64;

/**
 * The checkpoints that one belongs to: its parent, and those on which the graphs around its subgraph ran, which LangGraph names in
 * `metadata.parents`. A subgraph's first checkpoint has no other tie to its thread.
 */
export function lineageOf(ref: CheckpointRef, parentId: string | undefined, { parents }: CheckpointMetadata): CheckpointKey[] {
  const { namespace, checkpointId } = ref;
  const lineage: CheckpointKey[] = [];
  if (parentId !== undefined && parentId !== checkpointId) lineage.push({ namespace, checkpointId: parentId });
  if (typeof parents !== "object" || parents === null) return lineage;
  for (const [around, id] of Object.entries(parents).slice(0, MOST_ORIGINS)) {
    if (around !== namespace && isCheckpointKey(around, id)) lineage.push({ namespace: around, checkpointId: id });
  }
  return lineage;
}

import type { RunnableConfig } from "@langchain/core/runnables";
import { type BaseCheckpointSaver, type Checkpoint, type CheckpointMetadata, uuid6 } from "@langchain/langgraph-checkpoint";

const METADATA: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

/** The root graph of a thread, or one checkpoint of it. */
export function at(thread: string, id?: string): RunnableConfig {
  return { configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) } };
}

export function checkpointOf(values: Record<string, unknown>, version = 1): Checkpoint {
  return {
    v: 4,
    id: uuid6(0),
    ts: new Date().toISOString(),
    channel_values: values,
    channel_versions: Object.fromEntries(Object.keys(values).map((channel) => [channel, version])),
    versions_seen: {},
  };
}

/** Puts a checkpoint of which every value is new. */
export async function putWhole(
  saver: BaseCheckpointSaver,
  thread: string,
  checkpoint: Checkpoint,
  parent?: string,
): Promise<void> {
  await saver.put(at(thread, parent), checkpoint, METADATA, checkpoint.channel_versions);
}

/** Ids, the one that was committed last first. */
export async function listedIds(saver: BaseCheckpointSaver, thread: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { checkpoint } of saver.list(at(thread))) ids.push(checkpoint.id);
  return ids;
}

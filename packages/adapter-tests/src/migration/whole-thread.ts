import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { plainValue } from "../written-values.js";

/** All that a saver lists of a thread as plain data, by namespace, newest first. */
export async function wholeThread(saver: BaseCheckpointSaver, thread: string): Promise<Record<string, unknown[]>> {
  const byNamespace: Record<string, unknown[]> = {};
  for await (const tuple of saver.list({ configurable: { thread_id: thread } })) {
    const namespace = String(tuple.config.configurable?.checkpoint_ns ?? "");
    byNamespace[namespace] = [...(byNamespace[namespace] ?? []), plainTuple(tuple)];
  }
  return byNamespace;
}

export function plainTuple({ checkpoint, metadata, parentConfig, pendingWrites = [] }: CheckpointTuple): unknown {
  const { v, id, ts, channel_values, channel_versions, versions_seen } = checkpoint;
  const parent: unknown = parentConfig?.configurable?.checkpoint_id;
  const values = plainValue(channel_values);
  return {
    v,
    id,
    ts,
    values,
    channel_versions,
    versions_seen,
    metadata: plainValue(metadata),
    parent,
    writes: plainValue(pendingWrites),
  };
}

/** How many checkpoints and writes a saver lists of some threads. */
export async function countIn(
  saver: BaseCheckpointSaver,
  threads: readonly string[],
): Promise<{ readonly checkpoints: number; readonly writes: number }> {
  let [checkpoints, writes] = [0, 0];
  for (const thread of threads) {
    for await (const { pendingWrites = [] } of saver.list({ configurable: { thread_id: thread } })) {
      checkpoints += 1;
      writes += pendingWrites.length;
    }
  }
  return { checkpoints, writes };
}

import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph-checkpoint";

/** A checkpoint as a saver shows it, without the id of its thread. */
export interface Shown {
  readonly namespace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly checkpoint: CheckpointTuple["checkpoint"];
  readonly metadata: CheckpointTuple["metadata"];
  readonly writes: CheckpointTuple["pendingWrites"];
}

export function shown({ config, parentConfig, checkpoint, metadata, pendingWrites }: CheckpointTuple): Shown {
  return {
    namespace: String(config.configurable?.checkpoint_ns),
    id: checkpoint.id,
    parent: parentConfig?.configurable?.checkpoint_id as string | undefined,
    checkpoint,
    metadata,
    writes: pendingWrites,
  };
}

/** All that a saver lists of a thread, newest first, each read once more by itself. */
export async function shownOf(saver: BaseCheckpointSaver, thread: string): Promise<Shown[]> {
  const listed: Shown[] = [];
  for await (const tuple of saver.list({ configurable: { thread_id: thread } })) {
    const again = await saver.getTuple(tuple.config);
    if (again === undefined) throw new Error(`Listed, and not there: ${JSON.stringify(tuple.config)}`);
    // Where the two differ, the one that is not as it was is seen.
    listed.push(shown(tuple), shown(again));
  }
  return listed;
}

export const on = (thread: string): { configurable: { thread_id: string } } => ({ configurable: { thread_id: thread } });

/** Names a run, by which it can be taken out again. */
export const asRun = (thread: string, runId: string): RunnableConfig => ({ ...on(thread), metadata: { run_id: runId } });

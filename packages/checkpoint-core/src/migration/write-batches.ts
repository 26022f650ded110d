import { type CheckpointPendingWrite, type PendingWrite, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";

/** Writes that one `putWrites` takes. */
export interface WriteBatch {
  readonly taskId: string;
  readonly taskPath: string | undefined;
  readonly writes: PendingWrite[];
}

/**
 * The pending writes of a checkpoint as batches that store them again, in the order given.
 *
 * A second batch of ordinary writes of one task would be ignored (contract C-41), so those of a task make one batch, where its first one stood. Each
 * special write has a batch of its own: a saver that counts positions counts those of ordinary writes only, as it did when the task wrote them.
 *
 * @param paths the task path of each write, where it is known.
 */
export function writeBatches(
  pending: readonly CheckpointPendingWrite[],
  paths: readonly (string | undefined)[] = [],
): readonly WriteBatch[] {
  const batches: WriteBatch[] = [];
  const ordinary = new Map<string, WriteBatch>();
  for (const [position, [taskId, channel, value]] of pending.entries()) {
    const isSpecial = Object.hasOwn(WRITES_IDX_MAP, channel);
    let batch = isSpecial ? undefined : ordinary.get(taskId);
    if (batch === undefined) {
      batch = { taskId, taskPath: paths[position], writes: [] };
      batches.push(batch);
      if (!isSpecial) ordinary.set(taskId, batch);
    }
    batch.writes.push([channel, value]);
  }
  return batches;
}

/** What {@link writeBatches} store, in the order in which they come back. */
export function writesOf(batches: readonly WriteBatch[]): CheckpointPendingWrite[] {
  return batches.flatMap(({ taskId, writes }) =>
    writes.map(([channel, value]): CheckpointPendingWrite => [taskId, channel, value]),
  );
}

import { type CheckpointPendingWrite, type PendingWrite, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";

/** The writes of one `putWrites`. */
export interface WriteBatch {
  readonly taskId: string;
  readonly taskPath: string | undefined;
  readonly writes: PendingWrite[];
}

/**
 * The pending writes of a checkpoint as batches that store them again, in the given order.
 *
 * A second batch of a task's ordinary writes would be ignored (contract C-41), so they form one batch, in the place of the first. Each special write has its own
 * batch, so that a saver that counts positions counts only ordinary writes, as it did when the task wrote them.
 *
 * @param paths the task path of each write, where known.
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

/** The writes of {@link writeBatches}, in the order in which they are read. */
export function writesOf(batches: readonly WriteBatch[]): CheckpointPendingWrite[] {
  return batches.flatMap(({ taskId, writes }) =>
    writes.map(([channel, value]): CheckpointPendingWrite => [taskId, channel, value]),
  );
}

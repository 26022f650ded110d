import { type BaseCheckpointSaver, type CheckpointTuple, INTERRUPT, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";
import type { RunOutcome } from "../store/run-store.js";

/** What a checkpoint does not tell of the moment at which a run ended: it gains writes when a later run answers. */
export interface OutcomeDetails {
  /** The tasks whose writes were there. */
  readonly tasks: readonly string[];
  /** The questions, serialized, its bytes in base64. */
  readonly interrupts?: readonly [type: string, bytes: string];
}

/** Makes an outcome of what is known of the last checkpoint of a run. */
export async function outcomeAt(
  saver: Pick<BaseCheckpointSaver, "serde">,
  checkpointId: string,
  tasks: Iterable<string>,
  interrupts: readonly unknown[],
): Promise<RunOutcome> {
  const details: OutcomeDetails = { tasks: [...tasks] };
  if (interrupts.length === 0) return { checkpointId, details: JSON.stringify(details) };
  const [type, bytes] = await saver.serde.dumpsTyped(interrupts);
  return { checkpointId, details: JSON.stringify({ ...details, interrupts: [type, Buffer.from(bytes).toString("base64")] }) };
}

/** The outcome of a run whose process ended before it could note it: as its last checkpoint is now. */
export function outcomeOf(saver: BaseCheckpointSaver, { checkpoint, pendingWrites = [] }: CheckpointTuple): Promise<RunOutcome> {
  const tasks = new Set(pendingWrites.filter(([, channel]) => isOrdinary(channel)).map(([task]) => task));
  const open = pendingWrites.filter(([task, channel]) => channel === INTERRUPT && !tasks.has(task));
  return outcomeAt(
    saver,
    checkpoint.id,
    tasks,
    open.flatMap(([, , question]) => question),
  );
}

/** Whether a write is one to a channel of the graph. */
export function isOrdinary(channel: unknown): boolean {
  return !(String(channel) in WRITES_IDX_MAP);
}

import { isDeepStrictEqual } from "node:util";
import { type CheckpointTuple, INTERRUPT, RESUME, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";

/** The task id under which LangGraph stores an answer for whichever task asks. */
const ANY_TASK = "00000000-0000-0000-0000-000000000000";

/**
 * Whether a task of this checkpoint waits for a human (`"open"`), or for a run that gives it the stored answer (`"answered"`).
 *
 * An answer stays in place when a task takes it. A task that then asks again stores the answers that it took: if its last one equals the stored answer, that
 * answer counts as taken. So the same answer given twice in a row goes unnoticed, and the question stays open.
 */
export function pendingQuestion({ pendingWrites = [] }: CheckpointTuple): "none" | "open" | "answered" {
  const finished = new Set(pendingWrites.filter(([, channel]) => !(channel in WRITES_IDX_MAP)).map(([task]) => task));
  if (!pendingWrites.some(([task, channel]) => channel === INTERRUPT && !finished.has(task))) return "none";
  const answer = pendingWrites.find(([task, channel]) => task === ANY_TASK && channel === RESUME);
  if (answer === undefined) return "open";
  const isTaken = pendingWrites.some(
    ([task, channel, taken]) =>
      task !== ANY_TASK && channel === RESUME && Array.isArray(taken) && isDeepStrictEqual(taken.at(-1), answer[2]),
  );
  return isTaken ? "open" : "answered";
}

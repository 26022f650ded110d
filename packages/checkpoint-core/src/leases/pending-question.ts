import { isDeepStrictEqual } from "node:util";
import { type CheckpointTuple, INTERRUPT, RESUME, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";

/** Under this task's id LangGraph stores an answer for whichever task asks. */
const ANY_TASK = "00000000-0000-0000-0000-000000000000";

/**
 * Whether a task of this checkpoint waits for a human (`"open"`), or has an answer waiting for it (`"answered"`), with which a run goes on.
 *
 * An answer stays where it is when a task has taken it, and the task may ask again. What it took, it stores itself when it does: where that is the same
 * as the answer, the answer counts as taken. So one that is given twice in a row is not seen, and the question is left to the human.
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

import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { at, checkpointOf, putWhole } from "../plain-checkpoints.js";

const TURNS = 6;

const idOf = (turn: number): string => `1ef0000${turn}-0000-6000-8000-000000000000`;

/** The id of the last checkpoint. */
export const FIXED_HEAD = idOf(TURNS);

/** A conversation in an old saver, the same one in every process that asks for it. */
export async function fixedConversation(thread: string): Promise<MemorySaver> {
  const old = new MemorySaver();
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const log = Array.from({ length: turn }, (_, n) => `turn ${n}`);
    const checkpoint = { ...checkpointOf({ log }, turn), id: idOf(turn), ts: new Date(turn).toISOString() };
    await putWhole(old, thread, checkpoint, turn === 1 ? undefined : idOf(turn - 1));
    await old.putWrites(at(thread, checkpoint.id), [["log", `turn ${turn}`]], "task");
  }
  return old;
}

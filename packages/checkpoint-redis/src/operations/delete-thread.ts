import { encodeId, type Refusal } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Argument } from "../redis-client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import tombstonesText from "../lua/tombstones.lua";
import { script } from "../script.js";
import deleteThreadText from "./delete-thread.lua";
import { statusOf } from "./read-checkpoints.js";
import type { TimedThreadKey } from "./thread-key.js";
import { refusalOf } from "./write-outcome.js";

export const deleteThreadScript = script(threadText, rowsText, tombstonesText, deleteThreadText);

/**
 * Deletes a thread in one step, and leaves a tombstone. The server frees the memory in the background.
 *
 * @param others ids of checkpoints to remember as if they had been in the thread.
 * @returns `"late"` if the command reached the server after it was given up, and did nothing.
 */
export async function deleteThread(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string | undefined,
  others: readonly string[],
  { threadKey, seen }: TimedThreadKey,
): Promise<"deleted" | "none" | "late" | Refusal> {
  if (threadKey === undefined) return "none";
  const args = (timeoutMs: number): Argument[] => [token ?? "", threadKey, seen.in(timeoutMs), ...others.map(encodeId)];
  const reply = await redis.runDurably("deleteThread", deleteThreadScript, keys.thread(threadId), args);
  const status = statusOf(reply, "deleteThread");
  return status === "deleted" || status === "none" || status === "late" ? status : refusalOf(status, reply);
}

import type { Refusal } from "@holdfast/checkpoint-core/adapter";
import type { Argument, Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { deleteThreadScript } from "../scripts/index.js";
import { statusOf } from "./read.js";
import type { ThreadLife } from "./thread-life.js";
import { refusalOf } from "./write-outcome.js";

/**
 * Deletes a thread with all that belongs to it, in one step, and leaves a tombstone. The server frees the memory in the background.
 *
 * @returns `"late"` when the command reached the server after its time, and did nothing.
 */
export async function deleteThread(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string | undefined,
  { threadKey, seen }: ThreadLife,
): Promise<"deleted" | "none" | "late" | Refusal> {
  if (threadKey === undefined) return "none";
  const args = (timeoutMs: number): Argument[] => [token ?? "", threadKey, seen.in(timeoutMs)];
  const reply = await redis.runDurably("deleteThread", deleteThreadScript, keys.thread(threadId), args);
  const status = statusOf(reply, "deleteThread");
  return status === "deleted" || status === "none" || status === "late" ? status : refusalOf(status, reply);
}

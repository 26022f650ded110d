import type { Refusal } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { deleteThreadScript } from "../scripts/index.js";
import { statusOf } from "./read.js";
import { refusalOf } from "./write-outcome.js";

/**
 * Deletes a thread with all that belongs to it, in one step, and leaves a tombstone. The server frees the memory in the background.
 *
 * @param threadKey of the thread that is meant; `undefined` when there was none.
 */
export async function deleteThread(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string | undefined,
  threadKey: string | undefined,
): Promise<"deleted" | "none" | Refusal> {
  if (threadKey === undefined) return "none";
  const reply = await redis.runDurably("deleteThread", deleteThreadScript, keys.thread(threadId), [token ?? "", threadKey]);
  const status = statusOf(reply, "deleteThread");
  return status === "deleted" || status === "none" ? status : refusalOf(status, reply);
}

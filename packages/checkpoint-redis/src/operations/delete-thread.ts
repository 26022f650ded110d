import type { Refusal } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { deleteThreadScript } from "../scripts/index.js";
import { statusOf } from "./read.js";
import { refusalOf } from "./write-outcome.js";

/** Deletes a thread with all that belongs to it, in one step, and leaves a tombstone. The server frees the memory in the background. */
export async function deleteThread(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string | undefined,
): Promise<"deleted" | "none" | Refusal> {
  const reply = await redis.runDurably("deleteThread", deleteThreadScript, keys.thread(threadId), [token ?? ""]);
  const status = statusOf(reply, "deleteThread");
  return status === "deleted" || status === "none" ? status : refusalOf(status, reply);
}

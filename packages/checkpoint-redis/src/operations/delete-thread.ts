import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { deleteThreadScript } from "../scripts/index.js";
import { statusOf } from "./read-reply.js";

/** Deletes a thread with all that belongs to it, in one step. The server frees the memory in the background. */
export async function deleteThread(redis: Connection, keys: Keys, threadId: string): Promise<void> {
  statusOf(await redis.runDurably("deleteThread", deleteThreadScript, keys.thread(threadId), []), "deleteThread");
}

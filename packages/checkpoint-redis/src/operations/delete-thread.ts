import type { Refusal } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { deleteThreadScript } from "../scripts/index.js";
import { statusOf } from "./read.js";
import { refusalOf } from "./write-outcome.js";

interface RefusedDelete {
  readonly refusal: Refusal;
  /** In how many milliseconds the thread expires, which is still there; `Infinity`: never. */
  readonly lastsMs: number;
}

/** Deletes a thread with all that belongs to it, in one step, and leaves a tombstone. The server frees the memory in the background. */
export async function deleteThread(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string | undefined,
): Promise<RefusedDelete | undefined> {
  const reply = await redis.runDurably("deleteThread", deleteThreadScript, keys.thread(threadId), [token ?? ""]);
  const status = statusOf(reply, "deleteThread");
  if (status === "deleted") return undefined;
  const lasts = String(reply.at(-1));
  return { refusal: refusalOf(status, reply), lastsMs: lasts === "" ? Number.POSITIVE_INFINITY : Number(lasts) };
}

import type { IdleDeletion } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import tombstonesText from "../lua/tombstones.lua";
import { script } from "../script.js";
import deleteIdleThreadText from "./delete-idle-thread.lua";
import { statusOf } from "./read-checkpoints.js";

const deleteIdleThreadScript = script(threadText, rowsText, tombstonesText, deleteIdleThreadText);

/** Deletes a thread that is idle for this long and not leased, in one step. `"none"`: there is no such thread. */
export async function deleteIdleThread(
  redis: Connection,
  keys: Keys,
  threadId: string,
  idleMs: number,
): Promise<IdleDeletion | "none"> {
  const reply = await redis.runDurably("sweep", deleteIdleThreadScript, keys.thread(threadId), [idleMs]);
  return statusOf(reply, "sweep") as IdleDeletion | "none";
}

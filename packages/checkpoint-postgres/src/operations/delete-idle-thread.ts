import type { IdleDeletion } from "@holdfast/checkpoint-core/adapter";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { deleteIfIdle } from "./delete-thread.js";
import { timedThreadKey } from "./thread-key.js";

/** Deletes a thread that is idle for this long and not leased, in one statement. */
export async function deleteIdleThread(db: Connections, t: Tables, threadId: string, idleMs: number): Promise<IdleDeletion> {
  const life = await timedThreadKey(db, t, threadId);
  if (life === undefined) return "kept";
  const deletion = await deleteIfIdle(db, t, "sweep", { threadId, life, token: undefined, idleMs });
  if (deletion === "deleted") return deletion;
  // A caller without a token is only refused because of a lease.
  return typeof deletion === "string" ? "kept" : "busy";
}

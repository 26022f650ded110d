import type { IdleDeletion } from "@holdfast/checkpoint-core/adapter";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { deleteIfIdle } from "./delete-thread.js";
import { timedThreadKey } from "./thread-key.js";

/** Deletes a thread that was not written to for so long, and that nobody has the lease of, in one statement. */
export async function deleteIdleThread(db: Connections, t: Tables, threadId: string, idleMs: number): Promise<IdleDeletion> {
  const life = await timedThreadKey(db, t, threadId);
  if (life === undefined) return "kept";
  const deletion = await deleteIfIdle(db, t, "sweep", { threadId, life, token: undefined, idleMs });
  if (deletion === "deleted") return deletion;
  // Whoever has no token is refused by a lease alone.
  return typeof deletion === "string" ? "kept" : "busy";
}

import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";

/**
 * Deletes a thread. The foreign keys take all that belongs to it along, with a snapshot that is newer than the lock on the thread's row: a put
 * that committed while this statement waited leaves nothing behind.
 */
export async function deleteThread(db: Connections, t: Tables, threadId: string): Promise<void> {
  await db.run("deleteThread", { text: `delete from ${t.thread} where thread_id = $1`, values: [threadId] });
}

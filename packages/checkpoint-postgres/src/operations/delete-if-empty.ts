import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { inTransaction } from "../transaction.js";

/**
 * Deletes a thread that has no checkpoints, writes or lease.
 *
 * Two statements: a single one would wait for the lock with an older snapshot, and delete a first checkpoint that was committed meanwhile. It only runs after a
 * thread became empty, so the round trips do not matter.
 */
export async function deleteIfEmpty(db: Connections, t: Tables, operation: string, threadId: string): Promise<void> {
  const values = [threadId];
  await db.withClient(operation, (client) =>
    inTransaction(db, client, async () => {
      await db.execute(client, { text: `select from ${t.thread} where thread_id = $1 and ${isKnown(t)} for update`, values });
      const text = `
delete from ${t.thread} th where thread_id = $1 and ${isKnown(t)} and lease_until is null
  and not exists (select from ${t.checkpoint} c where c.thread_key = th.thread_key)
  and not exists (select from ${t.pendingWrite} w where w.thread_key = th.thread_key)`;
      await db.execute(client, { text, values });
    }),
  );
}

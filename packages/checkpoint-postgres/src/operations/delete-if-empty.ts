import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { inTransaction } from "../transaction.js";

/**
 * Ends a thread that has nothing in it: neither checkpoints nor writes nor a lease.
 *
 * Two statements: one that waits for the lock and then deletes would look with the snapshot from before it waited, and take a first checkpoint along
 * that was committed meanwhile. Only what left a thread empty comes here, so the round trips do not matter.
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

import { leavesConnectionUsable } from "./faults.js";
import type { Connections, PostgresClient } from "./pool.js";

/**
 * Runs `work` in one transaction. The error that made it fail is the error the caller sees.
 *
 * @param isolation whatever the database's default is. `"read committed"`: what waits for a lock then sees what was committed meanwhile.
 *   `"repeatable read"`: all statements see the same moment.
 */
export async function inTransaction<T>(
  db: Connections,
  client: PostgresClient,
  work: () => Promise<T>,
  isolation: "read committed" | "repeatable read" = "read committed",
): Promise<T> {
  await db.executeScript(client, `begin isolation level ${isolation}`);
  try {
    const result = await work();
    await db.executeScript(client, "commit");
    return result;
  } catch (error) {
    // On a connection that is lost, or that owes an answer, a rollback would wait in vain; it is dropped, and the transaction with it.
    if (leavesConnectionUsable(error)) await db.executeScript(client, "rollback").catch(() => undefined);
    throw error;
  }
}

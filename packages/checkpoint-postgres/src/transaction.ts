import { leavesConnectionUsable } from "./faults.js";
import type { Connections, PostgresClient } from "./pool.js";

/**
 * Runs `work` in one transaction, and throws the error that made it fail.
 *
 * @param isolation overrides the database's default. `"read committed"`: a statement that waited for a lock sees what was committed meanwhile.
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
    // On a lost connection, or one with an outstanding answer, a rollback would wait in vain. The connection is dropped, and the transaction with it.
    if (leavesConnectionUsable(error)) await db.executeScript(client, "rollback").catch(() => undefined);
    throw error;
  }
}

import type { PostgresClient } from "./pool.js";

/** Runs `work` in one transaction. The error that made it fail is the error the caller sees. */
export async function inTransaction<T>(client: PostgresClient, work: () => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    // When even this fails the connection is gone, and the transaction with it; the first error says why.
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

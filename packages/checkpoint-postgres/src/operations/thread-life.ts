import { text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";

/** The key of the thread's life now; `undefined` when there is no such thread. */
export async function threadKey(db: Connections, t: Tables, threadId: string): Promise<string | undefined> {
  const [row] = await db.run("threadKey", {
    text: `select thread_key from ${t.thread} where thread_id = $1`,
    values: [threadId],
  });
  return row === undefined ? undefined : text(row, 0);
}

import { text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";

/** Ids of the threads that runs have written to. */
export async function* threadsOfRuns(db: Connections, t: Tables, runIds: readonly string[]): AsyncGenerator<string> {
  const rows = await db.run("deleteForRuns", {
    text: `
select thread_id from ${t.thread} where thread_id is not null and ${isKnown(t)} and migration_token is null and thread_key in (
  select thread_key from ${t.checkpoint} where labels ? 'run_id' and labels->>'run_id' = any ($1::text[])
  union
  select thread_key from ${t.pendingWrite} where run_id = any ($1::text[])
)
order by thread_id`,
    values: [runIds],
  });
  for (const row of rows) yield text(row, 0);
}

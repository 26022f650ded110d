import type { AmongThreads } from "@holdfast/checkpoint-core/adapter";
import { text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { withinSql } from "./list-threads.js";
import { isKnown } from "./thread-key.js";

/** Ids of the threads that runs have written to. */
export async function* threadsOfRuns(
  db: Connections,
  t: Tables,
  runIds: readonly string[],
  { threads, within }: AmongThreads,
): AsyncGenerator<string> {
  const rows = await db.run("deleteForRuns", {
    text: `
select thread_id from ${t.thread} where thread_id is not null and ${isKnown(t)} and migration_token is null and thread_key in (
  select thread_key from ${t.checkpoint} where labels ? 'run_id' and labels->>'run_id' = any ($1::text[])
  union
  select thread_key from ${t.pendingWrite} where run_id = any ($1::text[])
) and ($2::text[] is null or thread_id = any ($2::text[])) and ($3::text is null or ${withinSql("$3")})
order by thread_id`,
    values: [runIds, threads ?? null, within ?? null],
  });
  for (const row of rows) yield text(row, 0);
}

import { integer } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";

/** Rows that one statement deletes. */
const ROWS_AT_ONCE = 5_000;

/** Deletes the remaining rows of threads that lost their id, in batches: of one thread, or of all that a crashed process left behind. */
export async function purgeDeleted(db: Connections, t: Tables, operation: string, threadKey: string | null): Promise<void> {
  const threads = `select thread_key from ${t.thread} where thread_id is null and ($1::bigint is null or thread_key = $1)`;
  for (const [table, key] of [
    [t.pendingWrite, "checkpoint_ns, checkpoint_id, task_id, slot"],
    [t.checkpoint, "checkpoint_ns, checkpoint_id"],
    [t.segment, "segment_id"],
  ]) {
    const sql = `
with doomed as materialized (
  select thread_key, ${key} from (${threads}) d join ${table} r using (thread_key) limit ${ROWS_AT_ONCE}
),
gone as (delete from ${table} where (thread_key, ${key}) in (select * from doomed) returning 1)
select count(*) from gone`;
    for (let left = ROWS_AT_ONCE; left === ROWS_AT_ONCE; ) {
      const [row] = await db.run(operation, { text: sql, values: [threadKey] });
      left = row === undefined ? 0 : integer(row, 0);
    }
  }
  await db.run(operation, { text: `delete from ${t.thread} where thread_key in (${threads})`, values: [threadKey] });
}

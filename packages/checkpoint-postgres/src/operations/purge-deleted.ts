import { integer } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";

/** Rows that one statement deletes. */
const ROWS_AT_ONCE = 5_000;

/** Takes away what is left of threads that have no id any more, some rows at a time: of one, or of all, which a process left behind that died. */
export async function clearAway(db: Connections, t: Tables, operation: string, threadKey: string | null): Promise<void> {
  const threads = `select thread_key from ${t.thread} where thread_id is null and ($1::bigint is null or thread_key = $1)`;
  for (const table of [t.pendingWrite, t.checkpoint, t.segment]) {
    const sql = `
with doomed as materialized (
  select r.ctid as place from (${threads}) d join ${table} r on r.thread_key = d.thread_key limit ${ROWS_AT_ONCE}
),
gone as (delete from ${table} r using doomed where r.ctid = doomed.place returning 1)
select count(*) from gone`;
    for (let left = ROWS_AT_ONCE; left === ROWS_AT_ONCE; ) {
      const [row] = await db.run(operation, { text: sql, values: [threadKey] });
      left = row === undefined ? 0 : integer(row, 0);
    }
  }
  await db.run(operation, { text: `delete from ${t.thread} where thread_key in (${threads})`, values: [threadKey] });
}

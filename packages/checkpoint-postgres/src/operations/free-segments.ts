import { bool, integer } from "../columns.js";
import type { Connections, PostgresClient } from "../pool.js";
import type { Tables } from "../tables.js";

/** Segments that one statement frees. */
const MOST_FREED_AT_ONCE = 10_000;

/** Common table expressions that end with `dead`: at most `most` segments of the thread `$1` that no checkpoint or pending write reaches. */
function deadSegments(t: Tables, most: number): string {
  return `
with recursive reached (segment_id) as (
  select root.id from (
    select links from ${t.checkpoint} where thread_key = $1 union all select links from ${t.pendingWrite} where thread_key = $1
    union all select replaced_links from ${t.pendingWrite} where thread_key = $1 and replaced_links is not null
  ) row cross join ${t.linkIds}(row.links) root (id)
  union
  select linked.id from reached
  cross join lateral (select links from ${t.segment} s where s.thread_key = $1 and s.segment_id = reached.segment_id offset 0) s
  cross join ${t.linkIds}(s.links) linked (id)
),
dead as (
  select segment_id from ${t.segment} s
  where thread_key = $1 and not exists (select from reached where reached.segment_id = s.segment_id) limit ${most}
)`;
}

/** Whether something can be freed, such as what a put has replaced, or a second batch of writes. */
export async function hasUnreachedSegments(db: Connections, t: Tables, threadKey: string): Promise<boolean> {
  const text = `${deadSegments(t, 1)} select exists (select from dead)`;
  const [row] = await db.run("prune", { text, values: [threadKey] });
  return row !== undefined && bool(row, 0);
}

/** Frees them, in the transaction of a prune. @returns their bytes. */
export async function freeSegments(db: Connections, client: PostgresClient, t: Tables, threadKey: string): Promise<number> {
  const sql = `${deadSegments(t, MOST_FREED_AT_ONCE)},
freed as (
  delete from ${t.segment} s using dead where s.thread_key = $1 and s.segment_id = dead.segment_id returning pg_column_size(body) as bytes
)
select count(*), coalesce(sum(bytes), 0) from freed`;
  for (let bytes = 0; ; ) {
    const [row] = await db.execute(client, { text: sql, values: [threadKey] });
    if (row === undefined) return bytes;
    bytes += integer(row, 1);
    if (integer(row, 0) < MOST_FREED_AT_ONCE) return bytes;
  }
}

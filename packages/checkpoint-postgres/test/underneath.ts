import type { Underneath } from "@holdfast/adapter-tests";
import { queryRows } from "./rows.js";

/** What lies underneath for a thread, and whatever in the schema nothing needs. */
export async function underneath(url: string, threadId: string): Promise<Underneath> {
  const ofThread = (table: string): string =>
    `(select count(*)::int from holdfast.${table} join holdfast.thread using (thread_key) where thread_id = $1)`;
  const [row] = await queryRows<{ checkpoints: number; segments: number; writes: number; orphans: string[] }>(
    url,
    `
with recursive
root (thread_key, segment_id) as (
  select thread_key, holdfast.link_ids(links) from holdfast.checkpoint
  union select thread_key, holdfast.link_ids(links) from holdfast.pending_write
),
reached (thread_key, segment_id) as (
  select * from root union
  select s.thread_key, linked.id from reached join holdfast.segment s using (thread_key, segment_id)
  cross join holdfast.link_ids(s.links) linked (id)
),
orphan (name) as (
  select 'segment ' || segment_id from holdfast.segment s
  where not exists (select from reached r where r.thread_key = s.thread_key and r.segment_id = s.segment_id)
  union all
  select 'missing segment ' || r.segment_id from reached r
  where r.segment_id is not null and not exists (select from holdfast.segment s where s.thread_key = r.thread_key and s.segment_id = r.segment_id)
  union all
  select 'write of ' || encode(task_id, 'escape') || ' to ' || encode(checkpoint_id, 'hex') from holdfast.pending_write w
  where not exists (
    select from holdfast.checkpoint c
    where c.thread_key = w.thread_key and c.checkpoint_ns = w.checkpoint_ns and c.checkpoint_id = w.checkpoint_id
  )
  union all
  select 'thread ' || thread_key from holdfast.thread where thread_id is null
)
select ${ofThread("checkpoint")} as checkpoints, ${ofThread("segment")} as segments, ${ofThread("pending_write")} as writes,
  (select coalesce(json_agg(name), '[]') from orphan) as orphans`,
    [threadId],
  );
  if (row === undefined) throw new Error("No row.");
  return row;
}

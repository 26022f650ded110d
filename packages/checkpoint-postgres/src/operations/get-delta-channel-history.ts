import { encodeId, type NamespaceRef } from "@holdfast/checkpoint-core/adapter";
import { channelNamesParameter } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { type Reading, readCheckpoints } from "./read-checkpoints.js";

/**
 * The ancestors of a checkpoint with their writes, nearest first, up to and including the one where every requested channel has had a snapshot.
 *
 * It fetches values only of ancestors with a snapshot of one of the channels; of the others, only what tells which channels they have.
 */
export async function getDeltaChannelHistory(
  db: Connections,
  t: Tables,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  channels: readonly string[],
): Promise<Reading> {
  const ancestor = `${t.checkpoint} c`;
  const start =
    checkpointId === undefined ? "and not c.is_hidden order by c.commit_order desc limit 1" : "and c.checkpoint_id = $5::bytea";
  const values: unknown[] = [ref.threadId, ref.namespace, channelNamesParameter(channels)];
  if (checkpointId !== undefined) values.push(encodeId(checkpointId));
  const sql = `
select chain.position, case when chain.snapshots && $4::text[] then 'all' else 'names' end as wanted, chain.epoch, c.*
from (
  with recursive walk (position, epoch, thread_key, commit_order, checkpoint_ns, checkpoint_id, parent_id, snapshots, wanted) as (
    select 0, th.epoch, c.thread_key, c.commit_order, c.checkpoint_ns, c.checkpoint_id, c.parent_id, '{}'::text[], $4::text[]
    from ${t.thread} th cross join lateral (
      select * from ${ancestor} where c.thread_key = th.thread_key and c.checkpoint_ns = $3 ${start}
    ) c
    where th.thread_id = $2 and ${isKnown(t)} and th.migration_token is null
    union all
    select walk.position + 1, walk.epoch, c.thread_key, c.commit_order, c.checkpoint_ns, c.checkpoint_id, c.parent_id, coalesce(c.snapshots, '{}'),
      array(select unnest(walk.wanted) except select unnest(c.snapshots))
    -- A subquery (offset 0): in a join, the planner would read all of a small table at each step, 400 ms for 1,000 ancestors instead of 16.
    from walk cross join lateral (
      select * from ${ancestor}
      where c.thread_key = walk.thread_key and c.checkpoint_ns = walk.checkpoint_ns and c.checkpoint_id = walk.parent_id offset 0
    ) c
    -- An ancestor was committed before its child, so a loop of parents in damaged data ends.
    where walk.wanted <> '{}' and c.commit_order < walk.commit_order
  )
  select * from walk where position > 0
) chain
join ${ancestor} using (thread_key, checkpoint_ns, checkpoint_id)`;
  return readCheckpoints(db, t, "getDeltaChannelHistory", { sql, values });
}

import { encodeId, type PutInput, type ThreadGuard } from "@holdfast/checkpoint-core";
import { channelNamesParameter, linksParameter, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { segmentRows } from "./segment-rows.js";

/** Locks the thread, so that its commits come one after the other; makes it if this is its first checkpoint. */
const BEGIN_OR_LOCK = (t: Tables): string => `
  insert into ${t.thread} as th (thread_id) values ($1)
  -- The assignment changes nothing; it locks the row and returns it. No key column, so that foreign key checks of others need not wait.
  on conflict (thread_id) do update set epoch = th.epoch
  returning thread_key, epoch`;

/** Locks the thread if it is the one that was read, and no segment of it was deleted since. */
const LOCK_IF_SAME = (t: Tables): string => `
  select thread_key, epoch from ${t.thread} where thread_id = $1 and thread_key = $8 and epoch = $9 for no key update`;

/**
 * Stores one checkpoint with its new segments, in one statement (contract C-30).
 *
 * The row lock is held until the commit, and `commit_order` is drawn while holding it, so its order within a thread is the order of the commits. A
 * checkpoint id that is there already is replaced and keeps its place (C-31), which also makes a repetition after a lost answer harmless.
 *
 * @returns what later puts may rely on; `undefined` when the guard did not hold, and nothing was stored.
 */
export async function put(db: Connections, t: Tables, input: PutInput): Promise<ThreadGuard | undefined> {
  const { ref, guard } = input;
  // With durability "exit", LangGraph may put a run's last checkpoint again with itself as parent.
  const ownParent = input.parentId === ref.checkpointId;
  const values: unknown[] = [
    ref.threadId,
    ref.namespace,
    encodeId(ref.checkpointId),
    input.parentId === undefined || ownParent ? null : encodeId(input.parentId),
    input.metadata,
    linksParameter(input.record.links),
    input.record.body,
    ...(guard === undefined ? [] : [guard.threadKey, guard.epoch]),
    input.snapshots.length === 0 ? null : channelNamesParameter(input.snapshots),
  ];
  const snapshots = `$${values.length}::text[]`;
  const sql = `
with th as (${guard === undefined ? BEGIN_OR_LOCK(t) : LOCK_IF_SAME(t)}),
${segmentRows(t, input.created, values)}
saved as (
  insert into ${t.checkpoint} as c
    (thread_key, commit_order, checkpoint_ns, checkpoint_id, parent_id, metadata, links, record, snapshots)
  select th.thread_key, nextval(${t.commitOrder}), $2, $3::bytea, $4::bytea, $5::jsonb, $6::uuid[], $7::bytea, ${snapshots} from th
  on conflict (thread_key, checkpoint_ns, checkpoint_id) do update set
    parent_id = ${ownParent ? "c.parent_id" : "excluded.parent_id"}, metadata = excluded.metadata, links = excluded.links, record = excluded.record,
    snapshots = excluded.snapshots
)
select thread_key, epoch from th`;
  const [row] = await db.run("put", { text: sql, values });
  return row === undefined ? undefined : { threadKey: text(row, 0), epoch: text(row, 1) };
}

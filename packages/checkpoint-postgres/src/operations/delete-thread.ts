import type { Refusal } from "@holdfast/checkpoint-core";
import { isNull, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { fencedSql, refusalOf, threadHash } from "./write-conditions.js";

/** Of a deleted thread, so many of its newest checkpoints are remembered, for a day: a run that is still going on builds on one of them. */
const MOST_REMEMBERED = 1024;
const REMEMBERED_FOR = "1 day";
/** Each deletion clears away so many tombstones whose time has come. */
const MOST_CLEARED = 100;

/**
 * Deletes a thread, and leaves a tombstone. The foreign keys take all that belongs to it along, with a snapshot that is newer than the lock on the
 * thread's row: a put that committed while this statement waited leaves nothing behind.
 */
export async function deleteThread(
  db: Connections,
  t: Tables,
  threadId: string,
  token: string | undefined,
): Promise<Refusal | undefined> {
  const values: unknown[] = [threadId];
  const sql = `
with locked as materialized (
  select thread_key, lease_token, lease_owner, lease_until from ${t.thread} where thread_id = $1 for update
),
judged as materialized (select *, ${fencedSql(token, (value) => `$${values.push(value)}`)} as refusal from locked),
buried as (
  insert into ${t.tombstone} as tomb (thread_hash, checkpoints)
  select ${threadHash("$1")}, ids.newest
  from judged cross join lateral (
    select array(
      select checkpoint_id from ${t.checkpoint} c where c.thread_key = judged.thread_key order by commit_order desc limit ${MOST_REMEMBERED}
    ) as newest
  ) ids
  where refusal is null and ids.newest <> '{}'
  on conflict (thread_hash) do update set
    deleted_at = now(), checkpoints = (excluded.checkpoints || tomb.checkpoints)[1:${MOST_REMEMBERED}]
),
cleared as (
  delete from ${t.tombstone} where thread_hash in (
    select thread_hash from ${t.tombstone} where deleted_at < now() - interval '${REMEMBERED_FOR}' order by deleted_at
    limit ${MOST_CLEARED} for update skip locked
  )
),
gone as (delete from ${t.thread} using judged where thread.thread_key = judged.thread_key and refusal is null)
select refusal, lease_owner, extract(epoch from lease_until - clock_timestamp()) * 1000 from judged where refusal is not null`;
  const [row] = await db.run("deleteThread", { text: sql, values });
  return row === undefined || isNull(row, 0) ? undefined : refusalOf(text(row, 0), row, 1);
}

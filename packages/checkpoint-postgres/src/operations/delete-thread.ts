import { encodeId, MOST_REMEMBERED, type Refusal } from "@holdfast/checkpoint-core/adapter";
import { bool, isNull, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { purgeDeleted } from "./purge-deleted.js";
import { isKnown, type TimedThreadKey, timedThreadKey } from "./thread-key.js";
import { leaseRefusalSql, refusalOf, threadHash } from "./write-conditions.js";

const REMEMBERED_FOR = "1 day";
/** How many expired tombstones each deletion removes. */
const MOST_CLEARED = 100;
/** The call of a checkpoint that no call of ours has written. */
const NO_CALL = 0;
/** A thread with more checkpoints or segments is deleted in steps: one statement would take more than a second. */
const MOST_AT_ONCE = 5_000;

/**
 * The outcome. `"none"`: there is no such thread, or it was written to too recently. `"late"`: the statement reached the server after it was given up, and did
 * nothing.
 */
type Deletion = "deleted" | "none" | "late" | Refusal;

export async function deleteThread(
  db: Connections,
  t: Tables,
  threadId: string,
  token: string | undefined,
  others: readonly string[] = [],
): Promise<Refusal | undefined> {
  for (;;) {
    const life = await timedThreadKey(db, t, threadId);
    if (life === undefined) return undefined;
    const deletion = await deleteIfIdle(db, t, "deleteThread", { threadId, life, token, idleMs: 0, others });
    if (deletion !== "late") return typeof deletion === "string" ? undefined : deletion;
  }
}

interface DeletedThread {
  readonly threadId: string;
  /** The key of the thread to delete, so that a late delivery does not delete a newer thread of the same id. */
  readonly life: TimedThreadKey;
  readonly token: string | undefined;
  readonly idleMs: number;
  /** Ids of checkpoints to remember as if they had been in the thread. */
  readonly others?: readonly string[];
}

/**
 * Deletes a thread, and leaves a tombstone. Foreign keys delete everything that belongs to it, with a snapshot newer than the lock on the thread's row, so a put
 * that committed while this statement waited leaves nothing behind.
 *
 * A large thread only loses its id, which makes it invisible; its rows are then deleted in batches.
 */
export async function deleteIfIdle(
  db: Connections,
  t: Tables,
  operation: string,
  { threadId, life, token, idleMs, others = [] }: DeletedThread,
): Promise<Deletion> {
  const values: unknown[] = [threadId, life.threadKey, undefined];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const otherIds = `${parameter(others.map(encodeId))}::bytea[]`;
  const isIdle =
    idleMs === 0 ? "" : `and updated_at <= clock_timestamp() - ${parameter(idleMs)}::float8 * interval '1 millisecond'`;
  const hasMany = (table: string): string =>
    `exists (select from ${table} r where r.thread_key = locked.thread_key offset ${MOST_AT_ONCE})`;
  const sql = `
with locked as materialized (
  select thread_key, pruned, pruned_calls, lease_token, lease_owner, lease_until from ${t.thread} where thread_id = $1 and thread_key = $2 and ${isKnown(t)} ${isIdle} for update
),
judged as materialized (
  select *, coalesce(case when clock_timestamp() > to_timestamp($3::float8 / 1000) then 'late' end, ${leaseRefusalSql(token, parameter)}) as refusal, ${hasMany(t.checkpoint)} or ${hasMany(t.segment)} as is_large from locked
),
buried as (
  insert into ${t.tombstone} as tomb (thread_hash, checkpoints, calls)
  select ${threadHash("$1")}, (newest.ids || coalesce(pruned, '{}') || ${otherIds})[1:${MOST_REMEMBERED}],
    (newest.calls || coalesce(pruned_calls, '{}') || array_fill(${NO_CALL}::bigint, array[cardinality(${otherIds})]))[1:${MOST_REMEMBERED}]
  from judged cross join lateral (
    select coalesce(array_agg(checkpoint_id order by commit_order desc), '{}') as ids,
      coalesce(array_agg(call order by commit_order desc), '{}') as calls
    from (
      select checkpoint_id, commit_order, call from ${t.checkpoint} c cross join lateral unnest(c.last_call || c.replaced_calls) call
      where c.thread_key = judged.thread_key order by commit_order desc limit ${MOST_REMEMBERED}
    ) each
  ) newest
  where refusal is null and (newest.ids <> '{}' or pruned <> '{}' or ${otherIds} <> '{}')
  on conflict (thread_hash) do update set deleted_at = now(),
    checkpoints = (excluded.checkpoints || tomb.checkpoints)[1:${MOST_REMEMBERED}], calls = (excluded.calls || tomb.calls)[1:${MOST_REMEMBERED}]
),
cleared as (
  delete from ${t.tombstone} where thread_hash in (
    select thread_hash from ${t.tombstone} where deleted_at < now() - interval '${REMEMBERED_FOR}' order by deleted_at
    limit ${MOST_CLEARED} for update skip locked
  )
),
gone as (delete from ${t.thread} using judged where thread.thread_key = judged.thread_key and refusal is null and not is_large),
hidden as (
  update ${t.thread} set thread_id = null, lease_until = null from judged
  where thread.thread_key = judged.thread_key and refusal is null and is_large
)
select refusal, lease_owner, extract(epoch from lease_until - clock_timestamp()) * 1000, is_large, thread_key from judged`;
  const [row] = await db.withClient(operation, (client) =>
    db.execute(client, { text: sql, values: values.with(2, life.seen.in(db.tryMs)) }),
  );
  if (row === undefined) return "none";
  if (!isNull(row, 0)) return text(row, 0) === "late" ? "late" : refusalOf(text(row, 0), row, 1);
  if (bool(row, 3)) await purgeDeleted(db, t, operation, text(row, 4));
  return "deleted";
}

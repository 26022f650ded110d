import type { CopyOutcome } from "@holdfast/checkpoint-core/adapter";
import { bool, CHECKPOINT_BYTES, integer, isNull, text } from "../columns.js";
import type { Connections, PostgresClient } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { inTransaction } from "../transaction.js";

/** Rows that one statement copies, so that none takes longer than `statementTimeoutMs`, whatever their size (a segment has up to 8 MiB). */
const ROWS_AT_ONCE = 200;

/**
 * Copies a thread inside the database, from one snapshot and in one transaction: the copy is whole, or absent. It does not lock the original.
 */
export function copyThread(db: Connections, t: Tables, from: string, to: string): Promise<CopyOutcome> {
  return db.withClient("copyThread", (client) =>
    inTransaction(db, client, () => copy(db, client, t, from, to), "repeatable read"),
  );
}

async function copy(db: Connections, client: PostgresClient, t: Tables, from: string, to: string): Promise<CopyOutcome> {
  const [source] = await db.execute(client, {
    // A thread with only a lease, or with writes whose checkpoint is in flight, has nothing to copy.
    text: `
select thread_key, migration_token is not null from ${t.thread} th where thread_id = $1 and ${isKnown(t)}
  and exists (select from ${t.checkpoint} c where c.thread_key = th.thread_key)`,
    values: [from],
  });
  if (source === undefined) return { kind: "not-found" };
  if (bool(source, 1)) return { kind: "incomplete" };
  const [target] = await db.execute(client, {
    text: `
insert into ${t.thread} (thread_id, labels) select $2, labels from ${t.thread} where thread_id = $1 and ${isKnown(t)}
on conflict (thread_id, tenant) do nothing returning thread_key`,
    values: [from, to],
  });
  if (target === undefined) return { kind: "exists" };
  const keys = [text(source, 0), text(target, 0)] as const;
  const segments = await copyRows(db, client, keys, t.segment, "segment_id", "links, body", "pg_column_size(body)");
  const checkpoints = await copyRows(
    db,
    client,
    keys,
    t.checkpoint,
    "commit_order",
    "checkpoint_ns, checkpoint_id, parent_id, snapshots, metadata, source, step, links, record, committed_at, labels, is_hidden, last_call, lease, replaced_calls",
    CHECKPOINT_BYTES,
    // Evaluated row by row, in the order of the rows.
    `nextval(${t.commitOrder})`,
  );
  const writes = await db.execute(client, {
    text: `
insert into ${t.pendingWrite} (thread_key, arrival, slot, checkpoint_ns, checkpoint_id, task_id, task_path, call, run_id, links, payload, last_call, lease, replaced_calls)
select $2, arrival, slot, checkpoint_ns, checkpoint_id, task_id, task_path, call, run_id, links, payload, last_call, lease, replaced_calls from ${t.pendingWrite} w
where thread_key = $1 and exists (
  select from ${t.checkpoint} c where c.thread_key = $1 and c.checkpoint_ns = w.checkpoint_ns and c.checkpoint_id = w.checkpoint_id
)
returning pg_column_size(payload)`,
    values: [...keys],
  });
  await db.execute(client, {
    text: `
insert into ${t.run} (thread_key, expires_at, run_key, input, leases, checkpoint_id, outcome)
select $2, expires_at, run_key, input, leases, checkpoint_id, outcome from ${t.run} where thread_key = $1`,
    values: [...keys],
  });
  const writeBytes = writes.reduce((sum, row) => sum + integer(row, 0), 0);
  return { kind: "copied", checkpoints: checkpoints.rows, bytes: segments.bytes + checkpoints.bytes + writeBytes };
}

/** Copies the rows of a thread in the order of a column, a few at a time. */
async function copyRows(
  db: Connections,
  client: PostgresClient,
  [from, to]: readonly [string, string],
  table: string,
  order: string,
  columns: string,
  size: string,
  newOrder: string = order,
): Promise<{ rows: number; bytes: number }> {
  let total = { rows: 0, bytes: 0 };
  for (let cursor: string | null = null; ; ) {
    const [row] = await db.execute(client, {
      text: `
with page as materialized (
  select * from ${table} where thread_key = $1 ${cursor === null ? "" : `and ${order} > $3`} order by ${order} limit ${ROWS_AT_ONCE}
),
copied as (insert into ${table} (thread_key, ${order}, ${columns}) select $2, ${newOrder}, ${columns} from page)
select count(*), coalesce(sum(${size}), 0), (select ${order}::text from page order by ${order} desc limit 1) from page`,
      values: cursor === null ? [from, to] : [from, to, cursor],
    });
    if (row === undefined || isNull(row, 2)) return total;
    total = { rows: total.rows + integer(row, 0), bytes: total.bytes + integer(row, 1) };
    cursor = text(row, 2);
    if (integer(row, 0) < ROWS_AT_ONCE) return total;
  }
}

import { encodeId, type PutWritesInput } from "@holdfast/checkpoint-core";
import { linksParameter } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { segmentRows } from "./segment-rows.js";

/** The thread, made if it is not there. No lock is needed: the foreign keys see to it that it stays until the commit. */
const FIND_OR_MAKE = (t: Tables): string => `
found as (select thread_key from ${t.thread} where thread_id = $1),
made as (
  insert into ${t.thread} as th (thread_id) select $1 where not exists (select from found)
  on conflict (thread_id) do update set epoch = th.epoch
  returning thread_key
),
th as (select thread_key from found union all select thread_key from made),`;

/** The thread if it is the one that was read, and no segment of it was deleted since; locked against both until the commit. */
const FIND_SAME = (t: Tables): string => `
th as (select thread_key from ${t.thread} where thread_id = $1 and thread_key = $6 and epoch = $7 for key share),`;

/**
 * Stores a batch of pending writes in one statement (contract C-40). The checkpoint need not be there, nor the thread.
 *
 * A positive slot is written once, a negative one is replaced (see `pending-writes.ts` in core), and keeps its place in the order of arrival.
 *
 * @returns `false` when the guard did not hold, and nothing was stored.
 */
export async function putWrites(db: Connections, t: Tables, input: PutWritesInput): Promise<boolean> {
  const { ref, taskId, taskPath, writes, guard } = input;
  const values: unknown[] = [ref.threadId, ref.namespace, encodeId(ref.checkpointId), encodeId(taskId), taskPath ?? null];
  if (guard !== undefined) values.push(guard.threadKey, guard.epoch);
  const segments = segmentRows(t, writes.created, values);
  const slots = writes.slots.map(({ slot, links, payload }) => {
    const first = values.push(slot, linksParameter(links), payload) - 2;
    return `($${first}::int, $${first + 1}::uuid[], $${first + 2}::bytea)`;
  });
  const sql = `
with ${guard === undefined ? FIND_OR_MAKE(t) : FIND_SAME(t)}
batch as materialized (select nextval(${t.writeArrival}) as arrival),
${segments}
saved as (
  insert into ${t.pendingWrite} as w
    (thread_key, arrival, checkpoint_ns, checkpoint_id, task_id, task_path, slot, links, payload)
  select th.thread_key, batch.arrival, $2, $3::bytea, $4::bytea, $5, s.* from th cross join batch cross join (values ${slots.join(", ")}) s
  on conflict (thread_key, checkpoint_ns, checkpoint_id, task_id, slot) do update set
    task_path = excluded.task_path, links = excluded.links, payload = excluded.payload
    where w.slot < 0
)
select from th`;
  const rows = await db.run("putWrites", { text: sql, values });
  return rows.length > 0;
}

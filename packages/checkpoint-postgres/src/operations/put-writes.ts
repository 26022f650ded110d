import { encodeId, type PutWritesInput, type WriteOutcome, writerOf } from "@holdfast/checkpoint-core/adapter";
import { linksParameter, segmentRows } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import {
  linkedElsewhere,
  outcomeOf,
  type RecentThreads,
  replaceUnlessPast,
  threadForWrite,
  type WriteTarget,
  writeOutcome,
} from "./write-conditions.js";

/** What another lease has written is kept for a rollback of this one (contract C-99). */
const KEPT = ["lease", "run_id", "links", "payload"]
  .map(
    (column) =>
      `, replaced_${column} = case when w.lease is distinct from excluded.lease then w.${column} else w.replaced_${column} end`,
  )
  .join("");

/**
 * Stores a batch of pending writes in one statement (contract C-40). Neither the checkpoint nor the thread need exist.
 *
 * A positive slot is written once, a negative one is replaced (see `pending-writes.ts` in core), and keeps its place.
 */
export async function putWrites(db: Connections, t: Tables, recent: RecentThreads, input: PutWritesInput): Promise<WriteOutcome> {
  const { ref, taskId, place, runId, slots, created, call } = input;
  const { threadId, namespace, checkpointId } = ref;
  const touch = recent.touch(threadId, {});
  const target: WriteTarget = {
    ...input,
    kind: "writes",
    call: "$8",
    linked: linkedElsewhere(slots, created),
    mayBePruned: true,
    touch,
  };
  const { taskPath = null, call: firstCall = null } = place;
  const values: unknown[] = [
    threadId,
    namespace,
    encodeId(checkpointId),
    encodeId(taskId),
    taskPath,
    firstCall,
    runId ?? null,
    call,
    writerOf(input) ?? null,
  ];
  const thread = threadForWrite(t, target, { strength: "key share", counts: false }, values);
  const segments = segmentRows(t, created, values);
  const rows = slots.map(({ slot, links, payload }) => {
    const first = values.push(slot, linksParameter(links), payload) - 2;
    return `($${first}::int, $${first + 1}::bytea, $${first + 2}::bytea)`;
  });
  // Only special writes are replaced, and only those of a lease are rolled back: others need not be planned for it.
  const keeps = input.token !== undefined && slots.some(({ slot }) => slot < 0);
  const sql = `
with ${thread},
batch as materialized (select nextval(${t.writeArrival}) as arrival),
${segments}
saved as (
  insert into ${t.pendingWrite} as w
    (thread_key, arrival, checkpoint_ns, checkpoint_id, task_id, task_path, call, run_id, slot, links, payload, last_call, lease)
  select th.thread_key, batch.arrival, $2, $3::bytea, $4::bytea, $5, $6, $7, s.*, case when s.slot < 0 then $8::bigint end, $9::bigint
  from th cross join batch cross join (values ${rows.join(", ")}) s (slot, links, payload)
  on conflict (thread_key, checkpoint_ns, checkpoint_id, task_id, slot) ${replaceUnlessPast(
    "w",
    `run_id = excluded.run_id, links = excluded.links, payload = excluded.payload, lease = excluded.lease${keeps ? KEPT : ""}`,
  )}
    and w.slot < 0
)
${outcomeOf(target, "true")}`;
  for (;;) {
    const [row] = await db.run("putWrites", { text: sql, values, name: "put_writes" });
    const outcome = writeOutcome(row, target);
    if (outcome.kind === "raced") continue;
    if (outcome.kind === "stored" && touch !== undefined) recent.touched(threadId, touch);
    return outcome;
  }
}

import { encodeId, type PutInput, type WriteOutcome, writerOf } from "@holdfast/checkpoint-core/adapter";
import { channelNamesParameter, linksParameter, metadataColumns, segmentRows } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { deleteIfEmpty } from "./delete-if-empty.js";
import {
  linkedElsewhere,
  outcomeOf,
  type RecentThreads,
  replaceUnlessPast,
  threadForWrite,
  threadHash,
  type WriteTarget,
  writeOutcome,
} from "./write-conditions.js";

/**
 * Stores one checkpoint with its new segments, in one statement (contract C-30).
 *
 * It draws `commit_order` while it holds the row lock, which lasts until the commit, so that within a thread this is the order of the commits. An existing
 * checkpoint id is replaced and keeps its place (C-31), which also makes a retry after a lost answer safe.
 *
 * @param counts whether commits are counted, so that `expectedHead` can be checked.
 */
export async function put(
  db: Connections,
  t: Tables,
  recent: RecentThreads,
  input: PutInput,
  counts: boolean,
): Promise<WriteOutcome> {
  const { ref, guard, labels } = input;
  const touch = recent.touch(ref.threadId, labels);
  // With durability "exit", LangGraph may put a run's last checkpoint again with itself as parent.
  const ownParent = input.parentId === ref.checkpointId;
  const parentId = ownParent ? undefined : input.parentId;
  const target: WriteTarget = {
    ...input,
    kind: "put",
    call: "$12",
    // The guard's thread contains the parent, so it was not deleted.
    lineage: guard === undefined ? input.lineage : [],
    linked: linkedElsewhere([input.record], input.created),
    mayBePruned: guard === undefined || input.isRepeated,
    touch,
  };
  const { metadata, source, step } = metadataColumns(input.metadata);
  const values: unknown[] = [
    ref.threadId,
    ref.namespace,
    encodeId(ref.checkpointId),
    parentId === undefined ? null : encodeId(parentId),
    metadata,
    source,
    step,
    linksParameter(input.record.links),
    input.record.body,
    input.snapshots.length === 0 ? null : channelNamesParameter(input.snapshots),
    Object.keys(labels).length === 0 ? null : JSON.stringify(labels),
    input.call,
    writerOf(input) ?? null,
  ];
  const sql = `
with ${threadForWrite(t, target, { strength: "no key update", counts }, values)},
${segmentRows(t, input.created, values)}
saved as (
  insert into ${t.checkpoint} as c
    (thread_key, commit_order, checkpoint_ns, checkpoint_id, parent_id, metadata, source, step, links, record, snapshots, labels, last_call, lease)
  select th.thread_key, nextval(${t.commitOrder}), $2, $3::bytea, $4::bytea, $5::jsonb, $6::"char", $7::integer, $8::bytea, $9::bytea, $10::text[], $11::jsonb,
    $12::bigint, $13::bigint
  from th
  on conflict (thread_key, checkpoint_ns, checkpoint_id) ${replaceUnlessPast(
    "c",
    `parent_id = ${ownParent ? "c.parent_id" : "excluded.parent_id"}, metadata = excluded.metadata, source = excluded.source,
    step = excluded.step, links = excluded.links, record = excluded.record, snapshots = excluded.snapshots, labels = excluded.labels, is_hidden = false`,
  )}
  returning 1
)
${outcomeOf(target)}`;
  for (;;) {
    const [row] = await db.run("put", { text: sql, values, name: "put" });
    const outcome = writeOutcome(row, target);
    if (outcome.kind === "deleted") await buryLate(db, t, input);
    if (outcome.kind === "raced") continue;
    if (outcome.kind === "stored" && touch !== undefined) recent.touched(ref.threadId, touch);
    return outcome;
  }
}

/**
 * A put came too late: its checkpoint is as deleted as the one it builds on. Writes to it may have come before it, and begun the thread anew.
 */
async function buryLate(db: Connections, t: Tables, { ref, call }: PutInput): Promise<void> {
  const sql = `
with remembered as (
  update ${t.tombstone} set checkpoints = array_prepend($3::bytea, checkpoints), calls = array_prepend($4::bigint, calls)
  where thread_hash = ${threadHash("$1")} and $3::bytea <> all (checkpoints)
)
delete from ${t.pendingWrite} w using ${t.thread} th
where th.thread_id = $1 and ${isKnown(t)} and w.thread_key = th.thread_key and w.checkpoint_ns = $2 and w.checkpoint_id = $3::bytea`;
  await db.run("put", { text: sql, values: [ref.threadId, ref.namespace, encodeId(ref.checkpointId), call] });
  await deleteIfEmpty(db, t, "put", ref.threadId);
}

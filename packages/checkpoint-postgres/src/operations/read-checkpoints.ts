import { decodeId, type ReadCheckpoint, type ReadValues, type Segment, type StoredSlot } from "@holdfast/checkpoint-core/adapter";
import { bigint, bytea, integer, isNull, links, METADATA, metadataJson, segmentId, text } from "../columns.js";
import type { Connections, Row, Statement } from "../pool.js";
import type { Tables } from "../tables.js";

/**
 * Which checkpoints to read: a query for rows of one thread with the columns
 * `position` (their order, an int), `wanted` (which of their values: 'all', 'names', 'none'), `epoch`, and those of the checkpoint table.
 */
export interface Target extends Pick<Statement, "values" | "name"> {
  readonly sql: string;
}

/** A row of the checkpoint table, with its writes. */
interface CheckpointRow extends ReadCheckpoint {
  readonly position: number;
  readonly commitOrder: bigint;
}

/** What was read; checkpoints by position. */
export interface Reading {
  readonly checkpoints: readonly CheckpointRow[];
  readonly segments: ReadonlyMap<string, Segment>;
}

const CHECKPOINT = 0;
const SLOT = 1;
const SEGMENT = 2;

/**
 * Always true, but the planner expects one row in 200. It cannot know how short the lists of links are, and assumes 10 links each and 10 rounds. With that estimate
 * Postgres would compile the statement (`jit_above_cost`), which takes 1.5 s, while running it takes 0.5 ms.
 */
const FEW = (column: string): string => `${column} + 0 = ${column}`;

/** See `columns.ts`. */
function base64(column: string): string {
  return `encode(${column}, 'base64')`;
}

/**
 * The statement of all reads: the checkpoints, their pending writes, and every segment reachable from them.
 *
 * It returns rows of three kinds, not arrays: because of `array_agg` of `bytea`, the official saver needs 1.6 s for 10 MB and aborts at 60 MB. Each segment is
 * looked up by its key (`offset 0` keeps the planner, which cannot know that they are few, from joining the whole table). `$1` holds the ids of segments that the
 * caller already has, together with what they link to.
 */
function statement(t: Tables, target: string): string {
  return `
with recursive
target as materialized (${target}),
slot as materialized (
  select target.position, w.*
  from target join ${t.pendingWrite} w using (thread_key, checkpoint_ns, checkpoint_id)
),
link (thread_key, segment_id, expand) as (
  select target.thread_key, l.id, true from target cross join ${t.linkIds}(target.links) l (id) where wanted = 'all'
  union all
  select target.thread_key, (regexp_match(encode(links, 'hex'), '^.{32}'))[1]::uuid, false from target
  where wanted = 'names' and encode(substr(record, 2, 1), 'hex') = '01'
  union all
  select slot.thread_key, l.id, true from slot cross join ${t.linkIds}(slot.links) l (id)
),
needed (thread_key, segment_id, expand) as (
  select * from link where segment_id <> all ($1::uuid[]) and ${FEW("link.thread_key")}
  union
  select needed.thread_key, linked.id, true
  from needed
  cross join lateral (
    select links from ${t.segment} where thread_key = needed.thread_key and segment_id = needed.segment_id offset 0
  ) s
  cross join ${t.linkIds}(s.links) linked (id)
  where needed.expand and linked.id <> all ($1::uuid[]) and ${FEW("needed.thread_key")}
)
select ${CHECKPOINT}, position, thread_key, epoch, commit_order, ${base64("checkpoint_id")}, ${base64("parent_id")}, checkpoint_ns, ${METADATA},
  encode(links, 'hex'), ${base64("record")}, wanted
from target
union all
select ${SLOT}, position, arrival, slot, call, ${base64("task_id")}, null, task_path, null, encode(links, 'hex'), ${base64("payload")}, null
from slot
union all
select ${SEGMENT}, null, null, null, null, n.segment_id::text, null, null, null, encode(s.links, 'hex'), ${base64("s.body")}, null
from (select distinct thread_key, segment_id from needed) n
cross join lateral (
  select links, body from ${t.segment} where thread_key = n.thread_key and segment_id = n.segment_id offset 0
) s`;
}

/** @param known segments of an earlier reading of the same thread, which are not read again. Segments are immutable. */
export async function readCheckpoints(
  db: Connections,
  t: Tables,
  operation: string,
  target: Target,
  known: ReadonlyMap<string, Segment> = new Map(),
): Promise<Reading> {
  const { sql, values, ...named } = target;
  const rows = await db.run(operation, { text: statement(t, sql), values: [[...known.keys()], ...values], ...named });
  const checkpoints: Row[] = [];
  const slots = new Map<number, StoredSlot[]>();
  const segments = new Map(known);
  for (const row of rows) {
    const kind = integer(row, 0);
    if (kind === CHECKPOINT) checkpoints.push(row);
    else if (kind === SLOT) {
      const position = integer(row, 1);
      const list = slots.get(position);
      if (list === undefined) slots.set(position, [decodeSlot(row)]);
      else list.push(decodeSlot(row));
    } else {
      const id = segmentId(text(row, 5));
      segments.set(id, { id, links: links(row, 9), body: bytea(row, 10) });
    }
  }
  const read = checkpoints.map((row) => decodeRow(row, slots.get(integer(row, 1)) ?? []));
  return { checkpoints: read.sort((a, b) => a.position - b.position), segments };
}

function decodeSlot(row: Row): StoredSlot {
  return {
    arrival: bigint(row, 2),
    slot: integer(row, 3),
    taskId: decodeId(bytea(row, 5)),
    place: isNull(row, 7) ? { call: bigint(row, 4) } : { taskPath: text(row, 7) },
    links: links(row, 9),
    payload: bytea(row, 10),
  };
}

function decodeRow(row: Row, slots: readonly StoredSlot[]): CheckpointRow {
  return {
    position: integer(row, 1),
    guard: { threadKey: text(row, 2), epoch: text(row, 3) },
    commitOrder: bigint(row, 4),
    checkpointId: decodeId(bytea(row, 5)),
    parentId: isNull(row, 6) ? undefined : decodeId(bytea(row, 6)),
    namespace: text(row, 7),
    metadata: metadataJson(text(row, 8)),
    record: { links: links(row, 9), body: bytea(row, 10) },
    values: text(row, 11) as ReadValues,
    slots,
  };
}

import {
  type CheckpointRef,
  decodeCheckpoint,
  decodeId,
  decodeLinks,
  decodeWrites,
  type Segment,
  SegmentReader,
  type StoredSlot,
  type StoredTuple,
} from "@holdfast/checkpoint-core";
import { bigint, bool, bytea, integer, isNull, text } from "../columns.js";
import type { Connections, Row } from "../pool.js";
import type { Tables } from "../tables.js";

/**
 * Which checkpoints to read: a query for rows of one thread with the columns
 * `position` (their order, an int), `whole` (whether all of their values are wanted), `epoch`, and those of the checkpoint table.
 */
export interface Target {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** What the thread must still be for segments read before to be there. */
export interface ThreadGuard {
  readonly threadKey: bigint;
  readonly epoch: bigint;
}

/** A row of the checkpoint table, with its writes and the segments of the same reading. */
export interface ReadCheckpoint {
  readonly position: number;
  readonly guard: ThreadGuard;
  readonly commitOrder: bigint;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly parentId: string | undefined;
  readonly metadata: string;
  readonly links: readonly string[];
  readonly record: Buffer;
  readonly slots: readonly StoredSlot[];
  /** Whether the segments of all of its values were read. */
  readonly whole: boolean;
}

export interface Reading {
  readonly checkpoints: readonly ReadCheckpoint[];
  /** Every segment that the checkpoints and their writes need, those known beforehand included. */
  readonly segments: ReadonlyMap<string, Segment>;
}

const CHECKPOINT = 0;
const SLOT = 1;
const SEGMENT = 2;

/** See `columns.ts`. */
function base64(column: string): string {
  return `encode(${column}, 'base64')`;
}

/**
 * One statement for all that reads: the checkpoints, their pending writes, and every segment that can be reached from them.
 *
 * Rows of three kinds, not arrays: `array_agg` of `bytea` is what makes the official saver need 1.6 s for 10 MB and abort at 60 MB. Each segment is
 * looked up by its key (`offset 0` keeps the planner from joining the whole table: it cannot know that there are few). `$1` are the ids of segments
 * that the caller has, whose links it has, too.
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
  select distinct source.thread_key, substring(source.links from at for 16), source.expand
  from (
    select thread_key, links, true as expand from target where whole
    union all
    select thread_key, substring(links for 16), false from target where not whole and get_byte(record, 0) = 1 and get_byte(record, 1) = 1
    union all
    select thread_key, links, true from slot
  ) source
  cross join generate_series(1, length(source.links), 16) at
),
needed (thread_key, segment_id, expand) as (
  select * from link where not segment_id = any ($1::bytea[])
  union
  select needed.thread_key, substring(s.links from at for 16), true
  from needed
  cross join lateral (
    select links from ${t.segment} where thread_key = needed.thread_key and segment_id = needed.segment_id offset 0
  ) s
  cross join generate_series(1, length(s.links), 16) at
  where needed.expand and not substring(s.links from at for 16) = any ($1::bytea[])
)
select ${CHECKPOINT}, position, thread_key, epoch, commit_order, ${base64("checkpoint_id")}, ${base64("parent_id")}, checkpoint_ns, metadata::text,
  ${base64("links")}, ${base64("record")}, whole
from target
union all
select ${SLOT}, position, arrival, slot, null, ${base64("task_id")}, null, task_path, null, ${base64("links")}, ${base64("payload")}, null
from slot
union all
select ${SEGMENT}, null, null, null, null, ${base64("n.segment_id")}, null, null, null, ${base64("s.links")}, ${base64("s.body")}, null
from (select distinct thread_key, segment_id from needed) n
cross join lateral (
  select links, body from ${t.segment} where thread_key = n.thread_key and segment_id = n.segment_id offset 0
) s`;
}

/**
 * @param known segments of an earlier reading of the same thread, which then need not be read again. Segments are immutable.
 */
export async function readCheckpoints(
  db: Connections,
  t: Tables,
  operation: string,
  target: Target,
  known: ReadonlyMap<string, Segment> = new Map(),
): Promise<Reading> {
  const knownIds = [...known.keys()].map((id) => Buffer.from(id, "hex"));
  const rows = await db.run(operation, { text: statement(t, target.sql), values: [knownIds, ...target.values] });
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
      const id = bytea(row, 5).toString("hex");
      segments.set(id, { id, links: decodeLinks(bytea(row, 9)), body: bytea(row, 10) });
    }
  }
  const read = checkpoints.map((row) => decodeRow(row, slots.get(integer(row, 1)) ?? []));
  return { checkpoints: read.sort((a, b) => a.position - b.position), segments };
}

function decodeSlot(row: Row): StoredSlot {
  return {
    arrival: integer(row, 2),
    slot: integer(row, 3),
    taskId: decodeId(bytea(row, 5)),
    taskPath: isNull(row, 7) ? undefined : text(row, 7),
    links: decodeLinks(bytea(row, 9)),
    payload: bytea(row, 10),
  };
}

function decodeRow(row: Row, slots: readonly StoredSlot[]): ReadCheckpoint {
  return {
    position: integer(row, 1),
    guard: { threadKey: bigint(row, 2), epoch: bigint(row, 3) },
    commitOrder: bigint(row, 4),
    checkpointId: decodeId(bytea(row, 5)),
    parentId: isNull(row, 6) ? undefined : decodeId(bytea(row, 6)),
    namespace: text(row, 7),
    metadata: text(row, 8),
    links: decodeLinks(bytea(row, 9)),
    record: bytea(row, 10),
    whole: bool(row, 11),
    slots,
  };
}

/** Decodes a row up to the user's serializer. */
export function decodeStored(threadId: string, row: ReadCheckpoint, segments: SegmentReader): StoredTuple & { readonly ref: CheckpointRef } {
  return {
    ref: { threadId, namespace: row.namespace, checkpointId: row.checkpointId },
    parentId: row.parentId,
    metadata: row.metadata,
    checkpoint: decodeCheckpoint({ links: row.links, body: row.record }, segments),
    writes: decodeWrites(row.slots, segments),
  };
}

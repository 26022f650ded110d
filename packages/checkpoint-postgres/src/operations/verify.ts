import {
  encodeId,
  heldSegments,
  NO_PART,
  type Segment,
  type StoredFault,
  type ThreadPart,
} from "@holdfast/checkpoint-core/adapter";
import { bool, linksParameter, segmentId, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { type Reading, readCheckpoints, type Target } from "./read-checkpoints.js";
import { threadKey } from "./thread-key.js";

/** Ids are short; checkpoints and segments come with all that they need, and may be megabytes each. */
const [IDS, CHECKPOINTS, SEGMENTS] = [1_000, 16, 32];

/** Ids of all threads but incomplete ones, whatever their format, page by page. */
export async function* allThreadIds(db: Connections, t: Tables): AsyncGenerator<string> {
  for (let cursor = "0"; ; ) {
    const rows = await db.run("verify", {
      text: `
select thread_key, thread_id from ${t.thread}
where thread_id is not null and tenant = 0 and migration_token is null and thread_key > $1::bigint order by thread_key limit ${IDS}`,
      values: [cursor],
    });
    for (const row of rows) yield text(row, 1);
    const last = rows.at(-1);
    if (last === undefined || rows.length < IDS) return;
    cursor = text(last, 0);
  }
}

/**
 * All rows of a thread, some at a time, each part by one statement.
 *
 * The ids of segments come first: what is stored there at that moment is referred to by a row that is read later, or by none.
 */
export async function* threadParts(
  db: Connections,
  t: Tables,
  threadId: string,
  hasRead: (segmentId: string) => boolean,
): AsyncGenerator<ThreadPart> {
  const key = await threadKey(db, t, threadId);
  if (key === undefined) return;
  const faults = await lookAtThread(db, t, key);
  if (faults === undefined) return;
  yield { ...NO_PART, faults };
  const ids = await segmentIds(db, t, key);
  yield* checkpointParts(db, t, key);
  yield* earlyWriteParts(db, t, key);
  const unread = ids.filter((id) => !hasRead(id));
  for (let from = 0; from < unread.length; from += SEGMENTS) {
    const unreferenced = unread.slice(from, from + SEGMENTS);
    const { segments } = await readCheckpoints(db, t, "verify", segmentTarget(key, unreferenced));
    yield { ...NO_PART, segments, unreferenced: unreferenced.filter((id) => segments.has(id)) };
  }
}

/** @returns `undefined` when there is nothing in the thread but a lease. */
async function lookAtThread(db: Connections, t: Tables, key: string): Promise<StoredFault[] | undefined> {
  const hasRows = (table: string): string => `exists (select from ${table} where thread_key = $1)`;
  const isBehind = (sequence: string, table: string, column: string): string =>
    `coalesce((select max(${column}) from ${table} where thread_key = $1) > coalesce(pg_sequence_last_value(${sequence}::regclass), 0), false)`;
  const [row] = await db.run("verify", {
    text: `
select ${hasRows(t.checkpoint)} or ${hasRows(t.pendingWrite)} or ${hasRows(t.segment)},
  ${isBehind(t.commitOrder, t.checkpoint, "commit_order")}, ${isBehind(t.writeArrival, t.pendingWrite, "arrival")}`,
    values: [key],
  });
  if (row === undefined || !bool(row, 0)) return undefined;
  const faults: StoredFault[] = [];
  const add = (sequence: string): void => {
    faults.push({
      kind: "index",
      message: `The sequence ${sequence} is behind the rows of the thread: was it restored without its value?`,
    });
  };
  if (bool(row, 1)) add("commit_order");
  if (bool(row, 2)) add("write_arrival");
  return faults;
}

async function segmentIds(db: Connections, t: Tables, key: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = "00000000-0000-0000-0000-000000000000"; ; ) {
    const rows = await db.run("verify", {
      text: `select segment_id::text from ${t.segment} where thread_key = $1 and segment_id > $2::uuid order by segment_id limit ${IDS}`,
      values: [key, cursor],
    });
    for (const row of rows) ids.push(segmentId(text(row, 0)));
    const last = rows.at(-1);
    if (last === undefined || rows.length < IDS) return ids;
    cursor = text(last, 0);
  }
}

async function* checkpointParts(db: Connections, t: Tables, key: string): AsyncGenerator<ThreadPart> {
  let cursor: readonly unknown[] = [];
  let known: ReadonlyMap<string, Segment> = new Map();
  for (;;) {
    const { checkpoints, segments } = await readCheckpoints(db, t, "verify", checkpointTarget(t, key, cursor), known);
    yield { ...NO_PART, checkpoints, segments };
    const last = checkpoints.at(-1);
    if (last === undefined || checkpoints.length < CHECKPOINTS) return;
    cursor = [last.namespace, last.commitOrder];
    known = heldSegments(segments);
  }
}

/** @param cursor namespace and commit order of the last one; empty at the beginning. */
function checkpointTarget(t: Tables, key: string, cursor: readonly unknown[]): Target {
  // $1 belongs to the statement around this.
  const after = cursor.length === 0 ? "" : "and (c.checkpoint_ns, c.commit_order) > ($3, $4::bigint)";
  const sql = `
select (row_number() over (order by checkpoint_ns, commit_order))::int4 as position, 'all' as wanted, page.* from (
  select th.epoch, c.* from ${t.thread} th join ${t.checkpoint} c using (thread_key)
  where th.thread_key = $2 ${after} order by c.checkpoint_ns, c.commit_order limit ${CHECKPOINTS}
) page`;
  return { sql, values: [key, ...cursor] };
}

/** Pending writes whose checkpoint is not there. */
async function* earlyWriteParts(db: Connections, t: Tables, key: string): AsyncGenerator<ThreadPart> {
  let last: Reading["checkpoints"][number] | undefined;
  let cursor: readonly unknown[] = [];
  do {
    const after = cursor.length === 0 ? "" : "and (w.checkpoint_ns, w.checkpoint_id) > ($3, $4::bytea)";
    const sql = `
select (row_number() over (order by checkpoint_ns, checkpoint_id))::int4 as position, ${NO_CHECKPOINT}, checkpoint_ns, checkpoint_id, null::bytea as links from (
  select distinct checkpoint_ns, checkpoint_id from ${t.pendingWrite} w
  where thread_key = $2 ${after} and not exists (
    select from ${t.checkpoint} c where c.thread_key = $2 and c.checkpoint_ns = w.checkpoint_ns and c.checkpoint_id = w.checkpoint_id
  )
  order by checkpoint_ns, checkpoint_id limit ${CHECKPOINTS}
) page`;
    const { checkpoints, segments } = await readCheckpoints(db, t, "verify", { sql, values: [key, ...cursor] });
    yield { ...NO_PART, earlyWrites: checkpoints.filter(({ slots }) => slots.length > 0), segments };
    last = checkpoints.length < CHECKPOINTS ? undefined : checkpoints.at(-1);
    if (last !== undefined) cursor = [last.namespace, encodeId(last.checkpointId)];
  } while (last !== undefined);
}

/** Segments with all that they need, as those of a checkpoint that is not there. */
function segmentTarget(key: string, ids: readonly string[]): Target {
  const sql = `select 0 as position, ${NO_CHECKPOINT}, '' as checkpoint_ns, ''::bytea as checkpoint_id, $3::bytea as links`;
  return { sql, values: [key, linksParameter(ids)] };
}

/** The other columns of a target. */
const NO_CHECKPOINT = `'all' as wanted, 0 as epoch, $2::bigint as thread_key, 0 as commit_order, null::bytea as parent_id, null::jsonb as metadata,
  'l'::"char" as source, 0 as step, ''::bytea as record`;

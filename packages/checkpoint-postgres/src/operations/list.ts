import {
  encodeId,
  type ListSelection,
  type MetadataCondition,
  metadataConditions,
  type Segment,
} from "@holdfast/checkpoint-core/adapter";
import { bigint, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { type Reading, readCheckpoints } from "./read-checkpoints.js";

/** The first page is small, so that the first item comes soon; later ones are large, so that a long list needs few round trips. */
const FIRST_PAGE = 8;
const PAGE = 64;

/**
 * The checkpoints of one thread, newest committed first, page by page.
 *
 * @param readsIncomplete for a migration.
 */
export async function* list(
  db: Connections,
  t: Tables,
  threadId: string,
  selection: ListSelection,
  limit: number,
  readsIncomplete: boolean,
): AsyncGenerator<Reading> {
  let cursor: bigint | undefined;
  let known: ReadonlyMap<string, Segment> = new Map();
  for (let left = limit, size = FIRST_PAGE; left > 0; size = PAGE) {
    const count = Math.min(left, size);
    // Adjacent checkpoints share most of their segments. Those of previous pages are not sent again.
    const page = await readCheckpoints(db, t, "list", target(t, threadId, selection, cursor, count, readsIncomplete), known);
    const last = page.checkpoints.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.checkpoints.length < count) return;
    cursor = last.commitOrder;
    known = page.segments;
    left -= count;
  }
}

function target(
  t: Tables,
  threadId: string,
  selection: ListSelection,
  cursor: bigint | undefined,
  count: number,
  readsIncomplete: boolean,
) {
  // $1 belongs to the statement around this.
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value) + 1}`;
  const conditions = [`th.thread_id = ${parameter(threadId)}`, isKnown(t), "not c.is_hidden"];
  if (!readsIncomplete) conditions.push("th.migration_token is null");
  const { namespace, checkpointId, before, filter, labels } = selection;
  if (namespace !== undefined) conditions.push(`c.checkpoint_ns = ${parameter(namespace)}`);
  if (checkpointId !== undefined) conditions.push(`c.checkpoint_id = ${parameter(encodeId(checkpointId))}::bytea`);
  for (const condition of metadataConditions(filter ?? {})) conditions.push(metadataEquals(t, condition, parameter));
  if (labels !== undefined) conditions.push(`c.labels @> ${parameter(JSON.stringify(labels))}::jsonb`);
  if (cursor !== undefined) conditions.push(`c.commit_order < ${parameter(cursor)}`);
  let joinBefore = "";
  if (before !== undefined) {
    const id = `${parameter(encodeId(before))}::bytea`;
    joinBefore = beforeJoin(t, id);
    conditions.push(
      `case when b.commit_order is null then c.checkpoint_id < ${id} else coalesce(p.commit_order, c.commit_order) < b.commit_order end`,
    );
  }
  const sql = `
select (row_number() over (order by commit_order desc))::int4 as position, 'all' as wanted, page.* from (
  select th.epoch, c.* from ${t.thread} th join ${t.checkpoint} c using (thread_key)
  ${joinBefore}
  where ${conditions.join(" and ")}
  order by c.commit_order desc limit ${count}
) page`;
  return { sql, values };
}

/**
 * `b`: the checkpoint before which to list. `p`: for a candidate in another namespace, the checkpoint of b's namespace that it ran on.
 *
 * Replaying a parent graph lists a subgraph's namespace before a checkpoint of the parent's. Both write concurrently, so their commits may be out of order; but
 * commits in the parent's own namespace are in order, and `metadata.parents` says where the subgraph ran.
 */
function beforeJoin(t: Tables, id: string): string {
  const parent = "c.metadata->'parents'->>b.checkpoint_ns";
  return `left join lateral (
  select commit_order, checkpoint_ns from ${t.checkpoint} b where b.thread_key = th.thread_key and b.checkpoint_id = ${id}
  order by b.checkpoint_ns = '' desc limit 1
) b on true
left join lateral (
  select commit_order from ${t.checkpoint} p
  where c.checkpoint_ns <> b.checkpoint_ns and p.thread_key = th.thread_key and p.checkpoint_ns = b.checkpoint_ns
    and p.checkpoint_id = case when ${parent} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then decode(replace(${parent}, '-', ''), 'hex') end
) p on true`;
}

/** Tests equality: `jsonb @>` would find `[1, 2]` by `[1]`. */
function metadataEquals(t: Tables, { key, value }: MetadataCondition, parameter: (value: unknown) => string): string {
  const actual = `${t.wholeMetadata}(c.metadata, c.source, c.step) -> ${parameter(key)}::text`;
  return value === undefined ? `${actual} is null` : `${actual} = ${parameter(JSON.stringify(value))}::jsonb`;
}

/** All thread ids, the newest thread first, page by page. */
export async function* listThreadIds(db: Connections, t: Tables): AsyncGenerator<string> {
  let cursor: bigint | null = null;
  for (;;) {
    const rows = await db.run("list", {
      text: `select thread_key, thread_id from ${t.thread} where thread_id is not null and ${isKnown(t)} and migration_token is null and ($1::bigint is null or thread_key < $1) order by thread_key desc limit ${PAGE}`,
      values: [cursor],
    });
    for (const row of rows) yield text(row, 1);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    cursor = bigint(last, 0);
  }
}

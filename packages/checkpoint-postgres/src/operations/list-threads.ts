import type { Labels } from "@holdfast/checkpoint-core";
import type { ThreadSelection, ThreadSummary } from "@holdfast/checkpoint-core/adapter";
import { INTERRUPT, RESUME, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";
import { integer, isNull, text } from "../columns.js";
import type { Connections, Row, Statement } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { bytesSql } from "./thread-stats.js";

const PAGE = 50;

/** The task id under which LangGraph stores an answer for whichever task asks. */
const ANY_TASK = "decode('00000000000000000000000000000000', 'hex')";

/**
 * Of a thread: when it was last written to, as far as that is known without a further write. `updated_at` is noted once a minute by each process, and the last
 * commit of the root graph is never later than a minute after that, but for what a write takes. So this stands in a window behind `updated_at`, which the index
 * has, whatever clocks do.
 */
export const POSITION =
  "greatest(th.updated_at, least(coalesce(last.committed_at, th.updated_at), th.updated_at + interval '90 seconds'))";
/** What {@link POSITION} needs, of a thread `th`. */
export const LAST_COMMIT = (t: Tables): string => `left join lateral (
  select committed_at from ${t.checkpoint} c where c.thread_key = th.thread_key and checkpoint_ns = '' order by commit_order desc limit 1
) last on true`;
const MICROSECONDS = "(extract(epoch from position.at) * 1000000)::bigint";

/** Threads that have checkpoints, the last written first, page by page. */
export async function* listThreads(
  db: Connections,
  t: Tables,
  selection: ThreadSelection,
  limit: number,
): AsyncGenerator<ThreadSummary> {
  let { before } = selection;
  for (let left = limit; left > 0; ) {
    const count = Math.min(left, PAGE);
    const rows = await db.run("listThreads", listThreadsStatement(t, { ...selection, before }, count));
    const page = rows.map(summaryOf);
    yield* page;
    before = page.at(-1);
    if (before === undefined || rows.length < count) return;
    left -= rows.length;
  }
}

/**
 * One page. As many threads as there are to be are looked up by the index of `updated_at`; no thread that the index has more than the window before the last
 * of them can come before it. So the page is among those of that time. (Of a range, the planner believes that it is
 * small, and reads it by the index.)
 */
function listThreadsStatement(t: Tables, selection: ThreadSelection, count: number): Statement {
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    "thread_id is not null",
    isKnown(t, "th."),
    "migration_token is null",
    `exists (select from ${t.checkpoint} c where c.thread_key = th.thread_key)`,
  ];
  const { prefix, within, updatedAfter, idleMs, labels, before } = selection;
  if (prefix !== undefined) conditions.push(`starts_with(thread_id, ${parameter(prefix)})`);
  if (within !== undefined) conditions.push(withinSql(parameter(within)));
  // A write up to a minute after `updated_at` does not change it.
  if (updatedAfter !== undefined)
    conditions.push(`updated_at > to_timestamp(${parameter(updatedAfter)}::float8 / 1000) - interval '1 minute'`);
  if (idleMs !== undefined) {
    conditions.push(`updated_at <= clock_timestamp() - ${parameter(idleMs)}::float8 * interval '1 millisecond'`);
  }
  if (labels !== undefined) conditions.push(`labels @> ${parameter(JSON.stringify(labels))}::jsonb`);
  if (before !== undefined) {
    const at = `(timestamptz 'epoch' + ${parameter(before.position)}::bigint * interval '1 microsecond')`;
    conditions.push(`updated_at <= ${at}`, `(position.at, thread_id) < (${at}, ${parameter(before.threadId)})`);
  }
  const source = `${t.thread} th
${LAST_COMMIT(t)}
cross join lateral (select ${POSITION} as at) position
where ${conditions.join(" and ")}`;
  const sql = `
with first as (select position.at from ${source} order by updated_at desc limit ${count}),
oldest as (
  select case when count(*) < ${count} then '-infinity' else min(at) - interval '90 seconds' end as at from first
)
select th.thread_id, facts.namespaces, th.position, extract(epoch from facts.oldest) * 1000,
  facts.checkpoints, ${bytesSql(t, "r.thread_key = th.thread_key")}, coalesce(th.labels, '{}'),
  case when th.lease_until > clock_timestamp() then coalesce(th.lease_owner, '') end, extract(epoch from th.lease_until - clock_timestamp()) * 1000,
  question.state
from (
  select th.*, ${MICROSECONDS} as position from ${source} and updated_at between (select at from oldest) and 'infinity'
  order by position.at desc, thread_id desc limit ${count}
) th
cross join lateral (
  select json_agg(distinct checkpoint_ns) as namespaces, min(committed_at) as oldest, count(*) as checkpoints
  from ${t.checkpoint} c where c.thread_key = th.thread_key and not is_hidden
) facts
left join lateral (
  select checkpoint_id from ${t.checkpoint} c where c.thread_key = th.thread_key and checkpoint_ns = '' and not is_hidden order by commit_order desc limit 1
) head on true
cross join lateral (
  select case
    when not coalesce(bool_or(asks and not has_finished), false) then 'none'
    when bool_or(is_answer) then 'answered' else 'open'
  end as state
  from (
    select bool_or(slot = ${WRITES_IDX_MAP[INTERRUPT]}) as asks, bool_or(slot > 0) as has_finished,
      bool_or(slot = ${WRITES_IDX_MAP[RESUME]} and task_id = ${ANY_TASK}) as is_answer
    from ${t.pendingWrite} w where w.thread_key = th.thread_key and w.checkpoint_ns = '' and w.checkpoint_id = head.checkpoint_id
    group by task_id
  ) task
) question
order by th.position desc, th.thread_id desc`;
  return { text: sql, values };
}

/** Whether a thread's id is this one, or goes on from it behind a slash. */
export function withinSql(id: string): string {
  return `(thread_id = ${id}::text or starts_with(thread_id, ${id}::text || '/'))`;
}

function summaryOf(row: Row): ThreadSummary {
  return {
    threadId: text(row, 0),
    namespaces: isNull(row, 1) ? [] : (JSON.parse(text(row, 1)) as string[]),
    position: text(row, 2),
    createdAt: isNull(row, 3) ? 0 : Math.floor(Number(text(row, 3))),
    checkpoints: integer(row, 4),
    bytes: integer(row, 5),
    labels: JSON.parse(text(row, 6)) as Labels,
    lease: isNull(row, 7) ? undefined : { owner: text(row, 7) || undefined, remainingMs: Number(text(row, 8)) },
    question: text(row, 9) as ThreadSummary["question"],
  };
}

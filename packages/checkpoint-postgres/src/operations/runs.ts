import {
  decodeId,
  encodeId,
  type LeaseLost,
  leaseCount,
  type RunBeginning,
  type RunEnd,
  type RunProgress,
  type StoredRun,
} from "@holdfast/checkpoint-core/adapter";
import { bool, bytea, isNull, text } from "../columns.js";
import type { Connections, Row } from "../pool.js";
import type { Tables } from "../tables.js";
import { lostLease } from "./lost-lease.js";
import { isKnown } from "./thread-key.js";

/** Of a row `r` of the table `run`, and the leases of its thread that were ended before their time. */
const facts = (
  leaseEnds: string,
): string => `encode(r.input, 'hex'), to_json(r.leases), encode(r.checkpoint_id, 'base64'), r.outcome, (
    select each.value->>'reason' from jsonb_array_elements(${leaseEnds}) each where each.value->>'kind' = 'overtaken' and (each.value->>'lease')::bigint = any (r.leases) limit 1
  )`;

function storedRun(row: Row): StoredRun {
  return {
    input: text(row, 0),
    // Before a parser takes them for numbers of JavaScript.
    leases: text(row, 1).match(/\d+/g) ?? [],
    outcome: isNull(row, 2) ? undefined : { checkpointId: decodeId(bytea(row, 2)), details: text(row, 3) },
    overtakenBy: isNull(row, 4) ? undefined : text(row, 4),
  };
}

const expiresIn = (parameter: string): string => `clock_timestamp() + ${parameter}::float8 * interval '1 millisecond'`;
const IS_KEPT = "(r.expires_at > clock_timestamp()) is not false";

export async function findRun(db: Connections, t: Tables, threadId: string, key: string): Promise<StoredRun | undefined> {
  const [row] = await db.run("exclusive", {
    text: `select ${facts("th.lease_ends")} from ${t.thread} th join ${t.run} r using (thread_key)
where thread_id = $1 and ${isKnown(t)} and run_key = $2 and ${IS_KEPT}`,
    values: [threadId, key],
    name: "find_run",
  });
  return row && storedRun(row);
}

/** Locks the thread's row, so that no other run takes the lease meanwhile. Removes what is kept no longer. */
export async function beginRun(
  db: Connections,
  t: Tables,
  threadId: string,
  token: string,
  { key, input, ttlMs, isAnew }: RunBeginning,
): Promise<StoredRun | LeaseLost> {
  const begins = `${isAnew} or not (${IS_KEPT})`;
  const goesOn = "r.checkpoint_id is null and r.input = excluded.input";
  const [row] = await db.run("exclusive", {
    text: `
with th as materialized (
  select thread_key, lease_ends from ${t.thread}
  where thread_id = $1 and ${isKnown(t)} and lease_token = $2::numeric and lease_until > clock_timestamp() for key share
),
gone as (delete from ${t.run} r using th where r.thread_key = th.thread_key and r.expires_at <= clock_timestamp() and r.run_key <> $3),
begun as (
  insert into ${t.run} as r (thread_key, run_key, input, leases, expires_at)
  select thread_key, $3, decode($4, 'hex'), array[$5::bigint], ${expiresIn("$6")} from th
  on conflict (thread_key, run_key) do update set
    input = case when ${begins} then excluded.input else r.input end,
    leases = case when ${begins} then excluded.leases when ${goesOn} and not r.leases @> excluded.leases then r.leases || excluded.leases else r.leases end,
    checkpoint_id = case when ${begins} then null else r.checkpoint_id end,
    outcome = case when ${begins} then null else r.outcome end,
    expires_at = case when ${begins} or (${goesOn}) then excluded.expires_at else r.expires_at end
  returning *
)
select ${facts("th.lease_ends")} from begun r join th using (thread_key)`,
    values: [threadId, token, key, input, leaseCount(token), ttlMs ?? null],
    name: "begin_run",
  });
  return row === undefined ? lostLease(db, t, "exclusive", threadId, token) : storedRun(row);
}

export async function continueRun(
  db: Connections,
  t: Tables,
  threadId: string,
  token: string,
  key: string,
): Promise<StoredRun | LeaseLost | undefined> {
  const [row] = await db.run("exclusive", {
    text: `
with th as materialized (
  update ${t.thread} set lease_run = $3
  where thread_id = $1 and ${isKnown(t)} and lease_token = $2::numeric and lease_until > clock_timestamp()
  returning thread_key, lease_ends
),
continued as (
  update ${t.run} r set leases = case when r.checkpoint_id is null and not r.leases @> array[$4::bigint] then r.leases || $4::bigint else r.leases end
  from th where r.thread_key = th.thread_key and r.run_key = $3 and ${IS_KEPT}
  returning r.*
)
select ${facts("th.lease_ends")} from th left join continued r using (thread_key)`,
    values: [threadId, token, key, leaseCount(token)],
  });
  if (row === undefined) return lostLease(db, t, "exclusive", threadId, token);
  return isNull(row, 0) ? undefined : storedRun(row);
}

/** Notes the outcome of the run whose last lease is the one with the token `$2` of the thread `$1`, as a part of its release. */
export function runEndSql(t: Tables, { key, checkpointId, details, ttlMs }: RunEnd, values: unknown[]): string {
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  return `
  update ${t.run} r set checkpoint_id = ${parameter(encodeId(checkpointId))}::bytea, outcome = ${parameter(details)},
    expires_at = ${ttlMs === undefined ? "r.expires_at" : expiresIn(parameter(ttlMs))}
  from ${t.thread} th where th.thread_id = $1 and ${isKnown(t, "th.")} and th.lease_token = $2::numeric and r.thread_key = th.thread_key
    and r.run_key = ${parameter(key)} and r.leases[cardinality(r.leases)] = ${parameter(leaseCount(values[1] as string))}::bigint and r.checkpoint_id is null`;
}

export async function runProgress(db: Connections, t: Tables, threadId: string, leases: readonly string[]): Promise<RunProgress> {
  const [row] = await db.run("exclusive", {
    text: `
with root as (
  select thread_key, checkpoint_id, commit_order, lease from ${t.checkpoint} join ${t.thread} using (thread_key)
  where thread_id = $1 and ${isKnown(t)} and checkpoint_ns = '' and not is_hidden
),
head as (select * from root order by commit_order desc limit 1)
select encode((select checkpoint_id from root where lease = any ($2::bigint[]) order by commit_order desc limit 1), 'base64'), encode(head.checkpoint_id, 'base64'),
  exists (
    select from ${t.pendingWrite} w
    where w.thread_key = head.thread_key and w.checkpoint_ns = '' and w.checkpoint_id = head.checkpoint_id and w.lease = any ($2::bigint[])
  )
from head`,
    values: [threadId, leases],
  });
  const idIn = (column: number): string | undefined =>
    row === undefined || isNull(row, column) ? undefined : decodeId(bytea(row, column));
  return { madeId: idIn(0), headId: idIn(1), hasWritesAtHead: row !== undefined && bool(row, 2) };
}

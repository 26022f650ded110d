import { randomUUID } from "node:crypto";
import type { LeaseEnd } from "@holdfast/checkpoint-core";
import {
  type EndedLease,
  type LeaseAnswer,
  type LeaseLost,
  type LeaseRequest,
  newTokenSuffix,
  type RunEnd,
  TOKEN_SUFFIX_DIGITS,
} from "@holdfast/checkpoint-core/adapter";
import { bool, integer, isNull, text } from "../columns.js";
import type { Connections, Row } from "../pool.js";
import type { Tables } from "../tables.js";
import { deleteIfEmpty } from "./delete-if-empty.js";
import { lostLease } from "./lost-lease.js";
import { runEndSql } from "./runs.js";
import { isKnown } from "./thread-key.js";

/** Milliseconds as an interval. */
const interval = (parameter: string): string => `${parameter}::float8 * interval '1 millisecond'`;

/** So many are kept with a thread. */
const MOST_ENDS = 8;

/** The leases of a thread that were ended before their time, with one more, which its row has. */
export function withLeaseEnd(
  kind: LeaseEnd["kind"],
  reason: string,
  of: { readonly token: string; readonly owner: string; readonly request: string },
  isRollback = false,
): string {
  const end = `jsonb_build_object('lease', floor(${of.token} / 1e${TOKEN_SUFFIX_DIGITS})::text, 'kind', '${kind}', 'reason', ${reason}, 'owner', ${of.owner},
    'at', clock_timestamp(), 'request', ${of.request}, 'rollback', ${isRollback})`;
  return `jsonb_path_query_array(jsonb_build_array(${end}) || coalesce(th.lease_ends, '[]'), '$[0 to ${MOST_ENDS - 1}]')`;
}

/** The one that a request has ended. */
export function endedBy(request: string): string {
  return `(select each.value from jsonb_array_elements(th.lease_ends) each where each.value->>'request' = ${request})`;
}

/**
 * Acquires the lease of a thread that nobody holds (contract C-90), in one statement. The thread need not exist.
 *
 * It locks the row `for update`, which conflicts even with the weak lock of `putWrites`: writes under an earlier lease are committed before this one is granted,
 * and later writes are judged by it.
 */
export async function acquireLease(db: Connections, t: Tables, request: LeaseRequest): Promise<LeaseAnswer> {
  const { threadId, ttlMs, owner, ended, takes, run } = request;
  // Made here, so that all tries of this request have the same.
  const values: unknown[] = [threadId, ttlMs, owner, randomUUID(), newTokenSuffix(), run ?? null];
  // Above the thread's last token, and at least the current microsecond, so that tokens grow even if the store forgot the last one (a failover to a lagging
  // replica, a restored backup) or the thread was deleted.
  const tokenAfter = (last: string): string =>
    `greatest(floor(extract(epoch from clock_timestamp()) * 1000000), floor(${last} / 1e${TOKEN_SUFFIX_DIGITS}) + 1) * 1e${TOKEN_SUFFIX_DIGITS} + $5::numeric`;
  const isFree = takes
    ? "(migration_token is null and (lease_run = $6) is not true) or lease_until is null or lease_until <= clock_timestamp()"
    : "lease_until is null or lease_until <= clock_timestamp()";
  const isTheEnded =
    ended === undefined ? isFree : `lease_token = $${values.push(ended)}::numeric and lease_until <= clock_timestamp()`;
  const names = { token: "lease_token", owner: "locked.lease_owner", request: "$4::text" };
  const end = withLeaseEnd("overtaken", "$3::text", names, takes === "rollback");
  const noted = `, lease_ends = case when is_live and not is_ours then ${end} else lease_ends end`;
  // The last first; so its own is in front of those whose rollback it may have interrupted.
  const overtaken = `(select json_agg(each.value->'lease') from jsonb_array_elements(th.lease_ends) each
    where exists ${endedBy("$4::text")} and (each.value->>'request' = $4::text or (each.value->'rollback')::boolean))`;
  const sql = `
with locked as materialized (
  select thread_key, lease_owner, lease_run, lease_until, lease_until > clock_timestamp() as is_live, (${isTheEnded}) is true as is_free, (lease_request = $4::uuid) is true as is_ours
  from ${t.thread} where thread_id = $1 and ${isKnown(t)} for update
),
taken as (
  update ${t.thread} th set
    lease_token = case when is_ours then lease_token else ${tokenAfter("lease_token")} end, lease_owner = $3,
    lease_until = clock_timestamp() + ${interval("$2")}, lease_request = $4::uuid, ${ended === undefined ? "lease_run = $6," : ""}
    lease_tries = case when is_ours then lease_tries when locked.lease_until is null then 0 ${takes ? "when is_live then lease_tries" : ""} else lease_tries + 1 end
    ${takes ? noted : ""}
  from locked where th.thread_key = locked.thread_key and (locked.is_free or locked.is_ours)
  returning lease_token, lease_tries, ${takes ? overtaken : "null"} as overtaken, case when not is_ours and locked.lease_until is not null then locked.lease_run end as run
),
begun as (
  insert into ${t.thread} as th (thread_id, lease_token, lease_owner, lease_until, lease_request, lease_run)
  select $1, ${tokenAfter("null::numeric")}, $3, clock_timestamp() + ${interval("$2")}, $4::uuid, $6::text from (select count(*) as there from locked) l
  where there = 0 and ${ended === undefined ? "true" : "false"}
  on conflict (thread_id, tenant) do nothing
  returning lease_token, lease_tries
)
select lease_token, lease_tries, overtaken::text, null::float8, run from taken
union all select lease_token, lease_tries, null, null, null from begun
union all
select null, null, lease_owner, coalesce(extract(epoch from lease_until - clock_timestamp()) * 1000, 0)::float8, case when lease_run = $6 then lease_run end from locked
where not is_free and not is_ours`;
  const ask = (): Promise<readonly Row[]> => db.run("acquireThread", { text: sql, values, name: "acquire_lease" });
  let [row] = await ask();
  // Another process started the thread at the same moment: whose lease and run it is, only another statement sees.
  if (row === undefined && ended === undefined) [row] = await ask();
  // The ended lease is gone with its thread.
  if (row === undefined) return { kind: "busy", owner: undefined, remainingMs: 0 };
  if (isNull(row, 0)) {
    const remainingMs = Math.max(0, Number(text(row, 3)));
    return { kind: "busy", owner: isNull(row, 2) ? undefined : text(row, 2), remainingMs, isSameRun: !isNull(row, 4) };
  }
  const before = isNull(row, 2) ? undefined : (JSON.parse(text(row, 2)) as [string, ...string[]]);
  const lastRun = isNull(row, 4) ? undefined : text(row, 4);
  return { kind: "granted", token: text(row, 0), tries: integer(row, 1), overtaken: before, run: lastRun };
}

/**
 * The statement does not wait for the disk. A renewal or release that a server crash loses only makes the lease end sooner or later. Acquiring a lease, which must
 * not be forgotten, does wait.
 */
const NEED_NOT_WAIT = "with quick as materialized (select set_config('synchronous_commit', 'off', true))";

export async function renewLease(
  db: Connections,
  t: Tables,
  threadId: string,
  token: string,
  ttlMs: number,
): Promise<LeaseLost | undefined> {
  const rows = await db.run("acquireThread", {
    text: `${NEED_NOT_WAIT}
update ${t.thread} set lease_until = clock_timestamp() + ${interval("$3")} from quick
where thread_id = $1 and ${isKnown(t)} and lease_token = $2::numeric and lease_until > clock_timestamp() returning thread_key`,
    values: [threadId, token, ttlMs],
    name: "renew_lease",
  });
  return rows.length > 0 ? undefined : lostLease(db, t, "acquireThread", threadId, token);
}

/** A thread without any writes ends with its lease. */
export async function releaseLease(db: Connections, t: Tables, threadId: string, token: string, end?: RunEnd): Promise<void> {
  const values: unknown[] = [threadId, token];
  const ending = end === undefined ? "" : `, ended as (${runEndSql(t, end, values)})`;
  const [row] = await db.run("acquireThread", {
    text: `${NEED_NOT_WAIT}${ending}
update ${t.thread} th set lease_owner = null, lease_until = null, lease_request = null, lease_run = null, lease_tries = 0 from quick where thread_id = $1 and ${isKnown(t)} and lease_token = $2::numeric
returning exists (select from ${t.checkpoint} c where c.thread_key = th.thread_key)
  or exists (select from ${t.pendingWrite} w where w.thread_key = th.thread_key)`,
    values,
    name: "release_lease",
  });
  if (row !== undefined && !bool(row, 0)) await deleteIfEmpty(db, t, "acquireThread", threadId);
}

/** Skips an ended lease, so that a repetition does not count twice. */
export async function handOverLease(db: Connections, t: Tables, threadId: string, token: string): Promise<void> {
  await db.run("acquireThread", {
    text: `${NEED_NOT_WAIT}
update ${t.thread} set lease_until = clock_timestamp(), lease_tries = lease_tries - 1 from quick
where thread_id = $1 and ${isKnown(t)} and lease_token = $2::numeric and lease_until > clock_timestamp()`,
    values: [threadId, token],
  });
}

export async function endedLeases(db: Connections, t: Tables, olderThanMs: number, limit: number): Promise<EndedLease[]> {
  const rows = await db.run("abandonedThreads", {
    text: `select thread_id, lease_token, lease_owner, extract(epoch from clock_timestamp() - lease_until) * 1000 from ${t.thread}
where lease_until <= clock_timestamp() - ${interval("$1")} and ${isKnown(t)} order by lease_until limit $2::int`,
    values: [olderThanMs, limit],
  });
  return rows.map((row) => ({
    threadId: text(row, 0),
    token: text(row, 1),
    owner: isNull(row, 2) ? undefined : text(row, 2),
    endedMsAgo: Number(text(row, 3)),
  }));
}

import { randomUUID } from "node:crypto";
import type { SweepClaim, SweepPage } from "@holdfast/checkpoint-core/adapter";
import { bool, isNull, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";

/** The token is made here, so that a retry after a lost answer finds that it already has the right. */
export async function claimSweep(db: Connections, t: Tables, ttlMs: number): Promise<SweepClaim | undefined> {
  const [row] = await db.run("sweep", {
    text: `
insert into ${t.sweeper} as s (token, claimed_until) values ($1::uuid, clock_timestamp() + $2::float8 * interval '1 millisecond')
on conflict (only_one) do update set token = excluded.token, claimed_until = excluded.claimed_until
  where s.claimed_until is null or s.claimed_until <= clock_timestamp() or s.token = excluded.token
returning token, at_thread`,
    values: [randomUUID(), ttlMs],
  });
  return row === undefined ? undefined : { token: text(row, 0), cursor: isNull(row, 1) ? "" : text(row, 1) };
}

/** @returns `undefined` if the claim has expired. */
export async function renewSweep(db: Connections, t: Tables, token: string, ttlMs: number): Promise<SweepClaim | undefined> {
  const [row] = await db.run("sweep", {
    text: `
update ${t.sweeper} set claimed_until = clock_timestamp() + $2::float8 * interval '1 millisecond'
where token = $1::uuid and claimed_until > clock_timestamp() returning at_thread`,
    values: [token, ttlMs],
  });
  return row === undefined ? undefined : { token, cursor: isNull(row, 0) ? "" : text(row, 0) };
}

export async function releaseSweep(db: Connections, t: Tables, token: string, cursor: string): Promise<void> {
  await db.run("sweep", {
    text: `update ${t.sweeper} set claimed_until = null, at_thread = $2::bigint where token = $1::uuid`,
    values: [token, cursor === "" ? null : cursor],
  });
}

/**
 * The next threads in the order of their keys. A thread that was written to in the minute and a half before its last sweep counts as dirty, because `updated_at`
 * is exact to the minute.
 */
export async function sweepPage(db: Connections, t: Tables, cursor: string, limit: number): Promise<SweepPage> {
  const rows = await db.run("sweep", {
    text: `
select thread_key, thread_id, extract(epoch from clock_timestamp() - updated_at) * 1000, clock_timestamp(),
  swept_at is null or updated_at > swept_at - interval '90 seconds'
from ${t.thread} where thread_id is not null and ${isKnown(t)} and migration_token is null and thread_key > $1::bigint order by thread_key limit $2::int`,
    values: [cursor === "" ? 0 : cursor, limit],
  });
  const last = rows.at(-1);
  return {
    threads: rows.map((row) => ({
      threadId: text(row, 1),
      idleMs: Number(text(row, 2)),
      seen: text(row, 3),
      isDirty: bool(row, 4),
    })),
    cursor: last === undefined || rows.length < limit ? "" : text(last, 0),
  };
}

export async function markSwept(db: Connections, t: Tables, threadId: string, seen: string): Promise<void> {
  await db.run("sweep", {
    text: `update ${t.thread} set swept_at = $2::timestamptz where thread_id = $1 and ${isKnown(t)}`,
    values: [threadId, seen],
  });
}

import { randomUUID } from "node:crypto";
import type { RevokedLease } from "@holdfast/checkpoint-core/adapter";
import { isNull, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { endedBy, withLeaseEnd } from "./lease.js";
import { isKnown } from "./thread-key.js";

/**
 * Gives a thread free whose lease was not released, and notes who ended it (contract C-98), in one statement. Its row is locked `for update`: what the holder was
 * writing is committed before, and what comes later is refused. A thread with nothing in it stays until its next lease is released, for the note.
 */
export async function revokeLease(
  db: Connections,
  t: Tables,
  threadId: string,
  reason: string,
): Promise<RevokedLease | undefined> {
  const ends = withLeaseEnd("revoked", "$2::text", { token: "th.lease_token", owner: "th.lease_owner", request: "$3::text" });
  const [row] = await db.run("revokeLease", {
    text: `
with locked as materialized (
  select thread_key, lease_until, ${endedBy("$3::text")} as ended from ${t.thread} th where thread_id = $1 and ${isKnown(t)} for update
),
revoked as (
  update ${t.thread} th set lease_owner = null, lease_until = null, lease_request = null, lease_run = null, lease_tries = 0, lease_ends = ${ends}
  from locked where th.thread_key = locked.thread_key and locked.lease_until is not null and locked.ended is null
  returning ${endedBy("$3::text")} as ended
)
select ended->>'lease', ended->>'owner' from (select ended from revoked union all select ended from locked) each where ended is not null`,
    // The same for all tries of this request: one whose answer was lost is not made again.
    values: [threadId, reason, randomUUID()],
  });
  return row && { count: text(row, 0), owner: isNull(row, 1) ? undefined : text(row, 1) };
}

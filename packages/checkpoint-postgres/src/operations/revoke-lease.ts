import { randomUUID } from "node:crypto";
import type { RevokedLease } from "@holdfast/checkpoint-core/adapter";
import { isNull, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { leaseEnd } from "./lease.js";
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
  const note = leaseEnd("revoked", "$2::text", { token: "locked.lease_token", owner: "locked.lease_owner", request: "$3::text" });
  const [row] = await db.run("revokeLease", {
    text: `
with locked as materialized (
  select thread_key, lease_token, lease_owner, lease_until, lease_end, (lease_end->>'request' = $3) is true as is_ours
  from ${t.thread} where thread_id = $1 and ${isKnown(t)} for update
),
revoked as (
  update ${t.thread} th set lease_owner = null, lease_until = null, lease_request = null, lease_tries = 0, lease_end = ${note}
  from locked where th.thread_key = locked.thread_key and locked.lease_until is not null and not locked.is_ours
  returning th.lease_end
),
noted as (select lease_end from revoked union all select lease_end from locked where is_ours)
select lease_end->>'lease', lease_end->>'owner' from noted`,
    // The same for all tries of this request: one whose answer was lost is not made again.
    values: [threadId, reason, randomUUID()],
  });
  return row && { count: text(row, 0), owner: isNull(row, 1) ? undefined : text(row, 1) };
}

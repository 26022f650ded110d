import type { LeaseEnd } from "@holdfast/checkpoint-core";
import { type LeaseLost, leaseCount } from "@holdfast/checkpoint-core/adapter";
import { text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";

/** Why a lease has ended. Asked where something was refused, so that nothing else pays for it. */
export async function lostLease(
  db: Connections,
  t: Tables,
  operation: string,
  threadId: string,
  token: string,
): Promise<LeaseLost> {
  const [row] = await db.run(operation, {
    text: `select each.value->>'kind', each.value->>'reason' from ${t.thread} cross join jsonb_array_elements(lease_ends) each
where thread_id = $1 and ${isKnown(t)} and each.value->>'lease' = $2`,
    values: [threadId, String(leaseCount(token))],
  });
  if (row === undefined) return { kind: "lease-lost" };
  return { kind: "lease-lost", end: { kind: text(row, 0) as LeaseEnd["kind"], reason: text(row, 1) } };
}

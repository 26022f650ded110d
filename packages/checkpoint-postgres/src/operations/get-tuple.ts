import type { NamespaceRef } from "@holdfast/checkpoint-core";
import { encodeId } from "@holdfast/checkpoint-core";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { type Reading, readCheckpoints } from "./read-checkpoints.js";

/** The checkpoint with that id, or the one that was committed last: `checkpoints` has one row or none. */
export async function getTuple(
  db: Connections,
  t: Tables,
  ref: NamespaceRef,
  checkpointId: string | undefined,
): Promise<Reading> {
  const chosen =
    checkpointId === undefined
      ? { sql: "order by c.commit_order desc limit 1", values: [] }
      : { sql: "and c.checkpoint_id = $4", values: [encodeId(checkpointId)] };
  // lateral: the thread is one row, so its checkpoints come in the order of their index, and no more than one of them is read.
  const sql = `
select 0 as position, true as whole, th.epoch, c.*
from ${t.thread} th
cross join lateral (
  select * from ${t.checkpoint} c where c.thread_key = th.thread_key and c.checkpoint_ns = $3 ${chosen.sql}
) c
where th.thread_id = $2`;
  return readCheckpoints(db, t, "getTuple", { sql, values: [ref.threadId, ref.namespace, ...chosen.values] });
}

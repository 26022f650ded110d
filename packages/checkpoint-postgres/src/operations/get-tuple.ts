import type { CachedRecord, NamespaceRef } from "@holdfast/checkpoint-core/adapter";
import { encodeId } from "@holdfast/checkpoint-core/adapter";
import { linksParameter } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { type Reading, readCheckpoints } from "./read-checkpoints.js";

/**
 * The checkpoint with that id, or the one that was committed last: `checkpoints` has one row or none.
 *
 * @param readsIncomplete for a migration.
 */
export async function getTuple(
  db: Connections,
  t: Tables,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  cached: CachedRecord | undefined,
  readsIncomplete: boolean,
): Promise<Reading> {
  const chosen =
    checkpointId === undefined
      ? { sql: "and not c.is_hidden order by c.commit_order desc limit 1", values: [] }
      : { sql: "and c.checkpoint_id = $4 and not c.is_hidden", values: [encodeId(checkpointId)] };
  const values: unknown[] = [ref.threadId, ref.namespace, ...chosen.values];
  // $1 belongs to the statement around this.
  const isCached =
    cached === undefined
      ? "false"
      : `c.checkpoint_id = $${values.push(encodeId(cached.checkpointId)) + 1}::bytea and c.record = $${values.push(cached.record.body) + 1}::bytea
    and c.links is not distinct from $${values.push(linksParameter(cached.record.links)) + 1}::bytea`;
  // lateral: the thread is one row, so its checkpoints come in index order, and only one is read.
  const sql = `
select 0 as position, case when ${isCached} then 'none' else 'all' end as wanted, th.epoch, c.*
from ${t.thread} th
cross join lateral (
  select * from ${t.checkpoint} c where c.thread_key = th.thread_key and c.checkpoint_ns = $3 ${chosen.sql}
) c
where th.thread_id = $2 and ${isKnown(t)} ${readsIncomplete ? "" : "and th.migration_token is null"}`;
  return readCheckpoints(db, t, "getTuple", { sql, values, name: "get_tuple" });
}

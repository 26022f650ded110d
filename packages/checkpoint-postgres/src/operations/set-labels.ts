import type { ChangedLabels } from "@holdfast/checkpoint-core/adapter";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";

/** Changes labels of a thread; `null` takes one away. */
export async function setLabels(db: Connections, t: Tables, threadId: string, labels: ChangedLabels): Promise<boolean> {
  const rows = await db.run("setLabels", {
    text: `
update ${t.thread} set labels = nullif(jsonb_strip_nulls(coalesce(labels, '{}') || $2::jsonb), '{}')
where thread_id = $1 and ${isKnown(t)} and migration_token is null
returning 1`,
    values: [threadId, JSON.stringify(labels)],
  });
  return rows.length > 0;
}

import type { ThreadPlace } from "@holdfast/checkpoint-core/adapter";
import { bool } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";

const HAS_ROOT = (t: Tables): string =>
  `exists (select from ${t.checkpoint} c where c.thread_key = th.thread_key and c.checkpoint_ns = '' and not c.is_hidden)`;
const HAS_LEASE = "lease_token = $2::numeric and lease_until > clock_timestamp()";

/** How much of a thread is here. */
export async function threadPlace(db: Connections, t: Tables, threadId: string): Promise<ThreadPlace> {
  const [row] = await db.run("getTuple", {
    text: `select migration_token is not null, ${HAS_ROOT(t)} from ${t.thread} th where thread_id = $1 and ${isKnown(t)}`,
    values: [threadId],
    name: "thread_place",
  });
  if (row === undefined) return "absent";
  if (bool(row, 0)) return "incomplete";
  return bool(row, 1) ? "here" : "absent";
}

/** A process that continues an interrupted migration replaces the previous token by its own. */
export async function beginMigration(db: Connections, t: Tables, threadId: string, token: string): Promise<boolean> {
  const rows = await db.run("put", {
    text: `
update ${t.thread} th set migration_token = $2::numeric
where thread_id = $1 and ${isKnown(t)} and ${HAS_LEASE} and (migration_token is not null or not ${HAS_ROOT(t)}) returning 1`,
    values: [threadId, token],
  });
  return rows.length > 0;
}

export async function endMigration(db: Connections, t: Tables, threadId: string, token: string): Promise<boolean> {
  const rows = await db.run("put", {
    text: `update ${t.thread} set migration_token = null where thread_id = $1 and ${isKnown(t)} and ${HAS_LEASE} returning 1`,
    values: [threadId, token],
  });
  return rows.length > 0;
}

import type { StoredThread } from "@holdfast/checkpoint-core";
import { CHECKPOINT_BYTES, integer, isNull, text } from "../columns.js";
import type { Connections, Row } from "../pool.js";
import type { Tables } from "../tables.js";
import { threadKey } from "./thread-key.js";

/** An SQL expression for the bytes of the rows `r` that meet a condition: as compressed, read from their headers alone. */
export function bytesSql(t: Tables, condition: string): string {
  const sum = (table: string, size: string): string => `(select coalesce(sum(${size}), 0) from ${table} r where ${condition})`;
  return [
    sum(t.checkpoint, CHECKPOINT_BYTES),
    sum(t.segment, "pg_column_size(body)"),
    sum(t.pendingWrite, "pg_column_size(payload)"),
  ].join(" + ");
}

/** The columns of {@link storedOf}. */
export function storedColumns(t: Tables, condition: string): string {
  const where = ` where ${condition}`;
  return `
(select count(*) filter (where not is_hidden) from ${t.checkpoint} r${where}), (select count(*) from ${t.segment} r${where}),
(select count(*) from ${t.pendingWrite} r${where}), ${bytesSql(t, condition)},
(select extract(epoch from min(committed_at)) * 1000 from ${t.checkpoint} r${where}),
(select count(*) filter (where committed_at > clock_timestamp() - interval '1 day') from ${t.checkpoint} r${where})`;
}

export function storedOf(row: Row): StoredThread {
  return {
    checkpoints: integer(row, 0),
    segments: integer(row, 1),
    pendingWrites: integer(row, 2),
    bytes: integer(row, 3),
    oldest: isNull(row, 4) ? undefined : Math.floor(Number(text(row, 4))),
    checkpointsLastDay: integer(row, 5),
  };
}

/** What is stored for a thread. */
export async function threadStats(db: Connections, t: Tables, threadId: string): Promise<StoredThread | undefined> {
  const key = await threadKey(db, t, threadId);
  if (key === undefined) return undefined;
  const [row] = await db.run("stats", { text: `select ${storedColumns(t, "r.thread_key = $1")}`, values: [key] });
  return row === undefined ? undefined : storedOf(row);
}

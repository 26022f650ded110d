import { queryRows } from "./rows.js";

const TABLES = ["thread", "checkpoint", "segment", "pending_write", "tombstone"];

/** All that stands in a store for its threads. */
export function contents(url: string): Promise<unknown[]> {
  return Promise.all(TABLES.map((table) => queryRows(url, `select r::text from holdfast.${table} r order by 1`)));
}

/** Says of a thread that it is in such a format. */
export function setFormat(url: string, threadId: string, format: number): Promise<unknown> {
  return queryRows(url, "update holdfast.thread set format = $2 where thread_id = $1", [threadId, format]);
}

import type { StoreStats } from "@holdfast/checkpoint-core";
import { integer } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";
import { storedColumns, storedOf } from "./thread-stats.js";

/** What the schema holds. Reads the headers of all rows: about a second for a million checkpoints. */
export async function stats(db: Connections, t: Tables): Promise<StoreStats> {
  const [row] = await db.run("stats", {
    text: `
with incomplete as materialized (select coalesce(array_agg(thread_key), '{}') as keys from ${t.thread} where migration_token is not null)
select ${storedColumns(t, "r.thread_key <> all ((select keys from incomplete)::bigint[])")},
  (select count(*) from ${t.thread} where thread_id is not null and ${isKnown(t)} and migration_token is null),
  (select sum(pg_total_relation_size(name::regclass)) from unnest($1::text[]) as name)`,
    values: [[t.thread, t.checkpoint, t.segment, t.pendingWrite, t.tombstone]],
  });
  if (row === undefined) throw new TypeError("Postgres returned no row for a select without from.");
  return { ...storedOf(row), threads: integer(row, 6), occupiedBytes: integer(row, 7) };
}

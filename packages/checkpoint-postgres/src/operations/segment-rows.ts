import type { Segment } from "@holdfast/checkpoint-core/adapter";
import { linksParameter } from "../columns.js";
import type { Tables } from "../tables.js";

/**
 * A common table expression, with its comma, that stores segments of the thread in `th`; empty when there are none.
 *
 * A segment that is there already is the same by its name. In the order of ids, so that two statements that store the same ones cannot deadlock.
 * One parameter per body: as elements of an array they would travel as hexadecimal text, twice as long.
 *
 * @param values the statement's parameters so far; those of the segments are added.
 */
export function segmentRows(t: Tables, segments: readonly Segment[], values: unknown[]): string {
  if (segments.length === 0) return "";
  const rows = [...segments]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((segment) => {
      const first = values.push(segment.id, linksParameter(segment.links), segment.body) - 2;
      return `($${first}::uuid, $${first + 1}::bytea, $${first + 2}::bytea)`;
    });
  return `stored as (
  insert into ${t.segment} (thread_key, segment_id, links, body)
  select th.thread_key, s.* from th cross join (values ${rows.join(", ")}) s
  on conflict (thread_key, segment_id) do nothing
),`;
}

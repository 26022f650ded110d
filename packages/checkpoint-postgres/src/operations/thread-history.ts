import type { Labels } from "@holdfast/checkpoint-core";
import { type CheckpointHistory, decodeId, encodeId, type ThreadHistory } from "@holdfast/checkpoint-core/adapter";
import { bytea, isNull, text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";
import { LAST_COMMIT, POSITION } from "./list-threads.js";
import { isKnown } from "./thread-key.js";

const microseconds = (time: string): string => `(extract(epoch from ${time}) * 1000000)::bigint`;
const timeOf = (parameter: string): string => `(timestamptz 'epoch' + ${parameter} * interval '1 microsecond')`;

/** What else is known of a thread than its content. */
export async function threadHistory(db: Connections, t: Tables, threadId: string): Promise<ThreadHistory | undefined> {
  const rows = await db.run("importThreads", {
    text: `
select coalesce(th.labels, '{}'), ${microseconds("th.created_at")}, ${microseconds(POSITION)},
  c.checkpoint_ns, encode(c.checkpoint_id, 'base64'), coalesce(c.labels, '{}'), ${microseconds("c.committed_at")}
from ${t.thread} th ${LAST_COMMIT(t)} left join ${t.checkpoint} c using (thread_key)
where thread_id = $1 and ${isKnown(t, "th.")} and migration_token is null`,
    values: [threadId],
  });
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    labels: JSON.parse(text(first, 0)) as Labels,
    createdAt: text(first, 1),
    updatedAt: text(first, 2),
    checkpoints: rows
      .filter((row) => !isNull(row, 3))
      .map(
        (row): CheckpointHistory => ({
          namespace: text(row, 3),
          checkpointId: decodeId(bytea(row, 4)),
          labels: JSON.parse(text(row, 5)) as Labels,
          committedAt: text(row, 6),
        }),
      ),
  };
}

/** Gives a copied thread the history of the original. What has gone on in between keeps its own. */
export async function adoptHistory(db: Connections, t: Tables, threadId: string, history: ThreadHistory): Promise<void> {
  const { labels, createdAt, updatedAt, checkpoints } = history;
  await db.run("importThreads", {
    text: `
with th as (
  update ${t.thread} set labels = nullif($2::jsonb || coalesce(labels, '{}'), '{}'), created_at = ${timeOf("$3::bigint")},
    updated_at = date_trunc('milliseconds', ${timeOf("$4::bigint")})
  where thread_id = $1 and ${isKnown(t)} and cardinality($5::text[]) = (
    select count(*) from ${t.checkpoint} c where c.thread_key = thread.thread_key
  )
  returning thread_key
)
update ${t.checkpoint} c set labels = nullif(given.labels || coalesce(c.labels, '{}'), '{}'), committed_at = ${timeOf("given.at")}
from th, unnest($5::text[], $6::bytea[], $7::jsonb[], $8::bigint[]) given (ns, id, labels, at)
where c.thread_key = th.thread_key and c.checkpoint_ns = given.ns and c.checkpoint_id = given.id`,
    values: [
      threadId,
      JSON.stringify(labels),
      createdAt,
      updatedAt,
      checkpoints.map(({ namespace }) => namespace),
      checkpoints.map(({ checkpointId }) => encodeId(checkpointId)),
      checkpoints.map((each) => JSON.stringify(each.labels)),
      checkpoints.map(({ committedAt }) => committedAt),
    ],
  });
}

import {
  type CheckpointKey,
  type CheckpointSummaries,
  type CheckpointSummary,
  decodeId,
  decodeMetadata,
  decodeOf,
} from "@holdfast/checkpoint-core/adapter";
import { bigint, bool, bytea, isNull, text } from "../columns.js";
import type { Connections, Row } from "../pool.js";
import type { Tables } from "../tables.js";
import { hasUnreachedSegments } from "./free-segments.js";
import { threadKey } from "./thread-key.js";

/** A row has some 200 bytes. */
const PAGE = 5_000;

/** All checkpoints of a thread as retention sees them, in the order of their commits. */
export async function checkpointSummaries(
  db: Connections,
  t: Tables,
  threadId: string,
): Promise<CheckpointSummaries | undefined> {
  const key = await threadKey(db, t, threadId);
  if (key === undefined) return undefined;
  const checkpoints: CheckpointSummary[] = [];
  const sql = `
select commit_order, checkpoint_ns, encode(checkpoint_id, 'base64'), encode(parent_id, 'base64'), metadata->'parents',
  metadata->'counters_since_delta_snapshot', to_json(snapshots),
  exists (select from ${t.pendingWrite} w where w.thread_key = c.thread_key and w.checkpoint_ns = c.checkpoint_ns and w.checkpoint_id = c.checkpoint_id),
  is_hidden, extract(epoch from clock_timestamp() - committed_at) * 1000, labels->>'run_id',
  coalesce(source in ('u', 'f') or metadata->>'source' in ('update', 'fork'), false), lease,
  checkpoint_ns = '' and checkpoint_id = any (array(
    select checkpoint_id from ${t.run} where thread_key = $1 and checkpoint_id is not null and (expires_at > clock_timestamp()) is not false
  ))
from ${t.checkpoint} c where thread_key = $1 and commit_order > $2 order by commit_order limit ${PAGE}`;
  for (let cursor = 0n; ; ) {
    const rows = await db.run("prune", { text: sql, values: [key, cursor] });
    for (const row of rows) checkpoints.push(summaryOf(threadId, row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) {
      return { threadKey: key, checkpoints, isUnfreed: () => hasUnreachedSegments(db, t, key) };
    }
    cursor = bigint(last, 0);
  }
}

function summaryOf(threadId: string, row: Row): CheckpointSummary {
  const [namespace, checkpointId] = [text(row, 1), decodeId(bytea(row, 2))];
  return decodeOf({ threadId, namespace, checkpointId }, () => ({ namespace, checkpointId, ...factsOf(row) }));
}

function factsOf(row: Row): Omit<CheckpointSummary, keyof CheckpointKey> {
  const origins = Object.entries(jsonObject(row, 4)).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return {
    parentId: isNull(row, 3) ? undefined : decodeId(bytea(row, 3)),
    origins: Object.fromEntries(origins),
    moved: Object.keys(jsonObject(row, 5)),
    snapshots: isNull(row, 6) ? [] : (JSON.parse(text(row, 6)) as string[]),
    hasWrites: bool(row, 7),
    isHidden: bool(row, 8),
    ageMs: Number(text(row, 9)),
    runId: isNull(row, 10) ? undefined : text(row, 10),
    isUpdate: bool(row, 11),
    lease: isNull(row, 12) ? undefined : text(row, 12),
    isOutcome: bool(row, 13),
  };
}

/** A part of the metadata; empty if it is not an object. */
function jsonObject(row: Row, column: number): Readonly<Record<string, unknown>> {
  const value: unknown = isNull(row, column) ? undefined : decodeMetadata(text(row, column));
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

import {
  type CheckpointKey,
  encodeId,
  MOST_REMEMBERED,
  type PruneInput,
  type PruneOutcome,
  type RemovedCheckpoint,
} from "@holdfast/checkpoint-core/adapter";
import { bool, CHECKPOINT_BYTES, integer, isNull, text } from "../columns.js";
import type { Connections, PostgresClient } from "../pool.js";
import type { Tables } from "../tables.js";
import { inTransaction } from "../transaction.js";
import { freeSegments } from "./free-segments.js";
import { isKnown } from "./thread-key.js";
import { leaseRefusalSql, refusalOf, threadHash } from "./write-conditions.js";

/** Checkpoints that one transaction removes, which takes some 20 ms. Writers of the thread wait meanwhile. */
const MOST_AT_ONCE = 1_000;

/**
 * Removes checkpoints from a thread, and frees the segments that nothing refers to any more.
 *
 * Each transaction locks the thread's row, like a put, and leaves what remains whole. A reader is one statement, and so sees every thread as whole. A put that
 * links to known segments finds another epoch, and reads its parent again.
 *
 * The oldest checkpoints go first, so that a process that dies in the middle leaves no branch without its end. If there are too many for one transaction, all are
 * hidden first, because some may be needed to read others.
 */
export async function prune(db: Connections, t: Tables, input: PruneInput): Promise<PruneOutcome> {
  const { hide, remove } = input;
  const { threadKey } = input.summaries;
  const parts = chunksOf(remove);
  const steps: Step[] = [
    ...(parts.length > 1
      ? parts.map((some) => (client: PostgresClient) => hideUnlessWritten(db, client, t, threadKey, some))
      : []),
    async (client) => {
      if (parts.length === 1 && (await wasWrittenTo(db, client, t, threadKey, remove))) return undefined;
      await hideCheckpoints(db, client, t, threadKey, hide);
      return removeCheckpoints(db, client, t, threadKey, parts[0] ?? [], remove.slice(-MOST_REMEMBERED).reverse());
    },
    ...parts.slice(1).map((some) => (client: PostgresClient) => removeCheckpoints(db, client, t, threadKey, some, [])),
  ];
  let bytes = 0;
  for (const [place, step] of steps.entries()) {
    const outcome = await db.withClient("prune", (client) =>
      inTransaction(db, client, async () => {
        const refusal = await lockThread(db, client, t, input);
        if (refusal !== undefined) return refusal;
        let freed = await step(client);
        if (freed === undefined) return { kind: "changed" } as const;
        if (place === steps.length - 1) {
          freed += await removeWrites(db, client, t, input);
          freed += await freeSegments(db, client, t, threadKey);
          await endEmptied(db, client, t, threadKey);
        }
        return { kind: "pruned", bytes: freed } as const;
      }),
    );
    if (outcome.kind !== "pruned") return outcome;
    bytes += outcome.bytes;
  }
  return { kind: "pruned", bytes };
}

/** One transaction. @returns the bytes that it removed, or `undefined` if the thread has changed since the plan. */
type Step = (client: PostgresClient) => Promise<number | undefined>;

function chunksOf<T>(items: readonly T[]): (readonly T[])[] {
  const count = Math.max(1, Math.ceil(items.length / MOST_AT_ONCE));
  return Array.from({ length: count }, (_, n) => items.slice(n * MOST_AT_ONCE, (n + 1) * MOST_AT_ONCE));
}

async function hideUnlessWritten(
  db: Connections,
  client: PostgresClient,
  t: Tables,
  threadKey: string,
  keys: readonly RemovedCheckpoint[],
): Promise<number | undefined> {
  if (await wasWrittenTo(db, client, t, threadKey, keys)) return undefined;
  await hideCheckpoints(db, client, t, threadKey, keys);
  return 0;
}

/** The strongest lock: earlier batches of writes are committed, and later ones find the new epoch. */
async function lockThread(
  db: Connections,
  client: PostgresClient,
  t: Tables,
  { threadId, summaries: { threadKey }, token }: PruneInput,
): Promise<Exclude<PruneOutcome, { kind: "pruned" }> | undefined> {
  const values: unknown[] = [threadId, threadKey];
  const [row] = await db.execute(client, {
    text: `
with locked as materialized (select * from ${t.thread} where thread_id = $1 and thread_key = $2 and ${isKnown(t)} for update)
select ${leaseRefusalSql(token, (value) => `$${values.push(value)}`)}, lease_owner, extract(epoch from lease_until - clock_timestamp()) * 1000 from locked`,
    values,
  });
  if (row === undefined) return { kind: "changed" };
  if (isNull(row, 0)) {
    // The planner cannot know that the statements below read few rows of large tables.
    await db.executeScript(client, "set local jit = off");
    return undefined;
  }
  return refusalOf(text(row, 0), row, 1) as Exclude<PruneOutcome, { kind: "pruned" }>;
}

async function removeCheckpoints(
  db: Connections,
  client: PostgresClient,
  t: Tables,
  threadKey: string,
  keys: readonly CheckpointKey[],
  remembered: readonly CheckpointKey[],
): Promise<number> {
  const isOne = (row: string): string =>
    `${row}.thread_key = $1 and ${row}.checkpoint_ns = k.checkpoint_ns and ${row}.checkpoint_id = k.checkpoint_id`;
  const [row] = await db.execute(client, {
    text: `
with k as materialized (select * from unnest($2::text[], $3::bytea[]) as k (checkpoint_ns, checkpoint_id)),
gone as (
  delete from ${t.checkpoint} c using k where ${isOne("c")} returning ${CHECKPOINT_BYTES} as bytes
),
written as (delete from ${t.pendingWrite} w using k where ${isOne("w")} returning pg_column_size(payload) as bytes),
remembered as materialized (
  select coalesce(array_agg(r.checkpoint_id order by r.n), '{}') as ids, coalesce(array_agg(c.last_call order by r.n), '{}') as calls
  from unnest($4::text[], $5::bytea[]) with ordinality r (checkpoint_ns, checkpoint_id, n)
  left join ${t.checkpoint} c on c.thread_key = $1 and c.checkpoint_ns = r.checkpoint_ns and c.checkpoint_id = r.checkpoint_id
),
moved as (
  update ${t.thread} set epoch = epoch + 1, pruned = (ids || coalesce(pruned, '{}'))[1:${MOST_REMEMBERED}],
    pruned_calls = (calls || coalesce(pruned_calls, '{}'))[1:${MOST_REMEMBERED}]
  from remembered where thread_key = $1
)
select coalesce((select sum(bytes) from gone), 0) + coalesce((select sum(bytes) from written), 0)`,
    values: [threadKey, ...columnsOf(keys), ...columnsOf(remembered)],
  });
  return row === undefined ? 0 : integer(row, 0);
}

/** Whether a checkpoint has gained writes since the plan. */
async function wasWrittenTo(
  db: Connections,
  client: PostgresClient,
  t: Tables,
  threadKey: string,
  keys: readonly RemovedCheckpoint[],
): Promise<boolean> {
  const [row] = await db.execute(client, {
    text: `
select exists (
  select from unnest($2::text[], $3::bytea[]) as k (checkpoint_ns, checkpoint_id) join ${t.pendingWrite} w
  on w.thread_key = $1 and w.checkpoint_ns = k.checkpoint_ns and w.checkpoint_id = k.checkpoint_id
)`,
    values: [threadKey, ...columnsOf(keys.filter(({ hasWrites }) => !hasWrites))],
  });
  return row !== undefined && bool(row, 0);
}

/** Namespaces and ids, as two parameters. */
function columnsOf(keys: readonly CheckpointKey[]): [namespaces: string[], ids: Buffer[]] {
  return [keys.map(({ namespace }) => namespace), keys.map(({ checkpointId }) => encodeId(checkpointId))];
}

async function hideCheckpoints(
  db: Connections,
  client: PostgresClient,
  t: Tables,
  threadKey: string,
  keys: readonly CheckpointKey[],
): Promise<void> {
  if (keys.length === 0) return;
  await db.execute(client, {
    text: `
update ${t.checkpoint} c set is_hidden = true from unnest($2::text[], $3::bytea[]) as k (checkpoint_ns, checkpoint_id)
where c.thread_key = $1 and c.checkpoint_ns = k.checkpoint_ns and c.checkpoint_id = k.checkpoint_id`,
    values: [threadKey, ...columnsOf(keys)],
  });
}

/** Restores what leases had replaced, and removes writes of runs or leases. Those to checkpoints with a child stay, because the child builds on them. */
async function removeWrites(
  db: Connections,
  client: PostgresClient,
  t: Tables,
  { summaries: { threadKey }, writesOfRuns, writesOfLeases }: PruneInput,
): Promise<number> {
  if (writesOfRuns.length === 0 && writesOfLeases.length === 0) return 0;
  const isOpen = `not exists (
  select from ${t.checkpoint} c where c.thread_key = $1 and c.checkpoint_ns = w.checkpoint_ns and c.parent_id = w.checkpoint_id
)`;
  if (writesOfLeases.length > 0) {
    await db.execute(client, {
      text: `
update ${t.pendingWrite} w set lease = replaced_lease, run_id = replaced_run_id, links = replaced_links, payload = replaced_payload,
  replaced_lease = null, replaced_run_id = null, replaced_links = null, replaced_payload = null
where thread_key = $1 and lease = any ($2::bigint[]) and replaced_payload is not null and ${isOpen}`,
      values: [threadKey, writesOfLeases],
    });
  }
  const rows = await db.execute(client, {
    text: `
delete from ${t.pendingWrite} w where thread_key = $1 and (run_id = any ($2::text[]) or lease = any ($3::bigint[])) and ${isOpen}
returning pg_column_size(payload)`,
    values: [threadKey, writesOfRuns, writesOfLeases],
  });
  return rows.reduce((sum, row) => sum + integer(row, 0), 0);
}

/** Deletes an empty thread, and leaves a tombstone, so that a run in progress cannot bring part of it back. */
async function endEmptied(db: Connections, client: PostgresClient, t: Tables, threadKey: string): Promise<void> {
  const text = `
with gone as (
  delete from ${t.thread} th where thread_key = $1 and lease_until is null
    and not exists (select from ${t.checkpoint} c where c.thread_key = $1)
    and not exists (select from ${t.pendingWrite} w where w.thread_key = $1)
  returning thread_id, pruned, pruned_calls
)
insert into ${t.tombstone} as tomb (thread_hash, checkpoints, calls)
select ${threadHash("thread_id")}, coalesce(pruned, '{}'), coalesce(pruned_calls, '{}') from gone
on conflict (thread_hash) do update set deleted_at = now(),
  checkpoints = (excluded.checkpoints || tomb.checkpoints)[1:${MOST_REMEMBERED}], calls = (excluded.calls || tomb.calls)[1:${MOST_REMEMBERED}]`;
  await db.execute(client, { text, values: [threadKey] });
}

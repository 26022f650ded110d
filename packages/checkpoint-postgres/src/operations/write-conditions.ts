import {
  encodeId,
  type Labels,
  type Refusal,
  type Segment,
  type ThreadGuard,
  type WriteOutcome,
} from "@holdfast/checkpoint-core";
import { isNull, text } from "../columns.js";
import type { Row } from "../pool.js";
import type { Tables } from "../tables.js";

/** What a statement writes to, and under which conditions. */
export interface WriteTarget {
  readonly threadId: string;
  readonly namespace: string;
  /** The checkpoint that the write builds on: where it is gone with its thread, the write comes too late. */
  readonly basis: string | undefined;
  readonly guard: ThreadGuard | undefined;
  readonly token: string | undefined;
  /** Segments that the write links to and does not bring: they must be there (contract C-74). */
  readonly linked: readonly string[];
  /** The head that the namespace must have, unless the checkpoint is there already. */
  readonly expectedHead?: { readonly id: string | undefined; readonly unlessStored: string } | undefined;
  /** The checkpoint that writes belong to: where it was pruned, nobody would read them. */
  readonly prunable?: string;
  /** What the thread's row is to say, where it does not say so already: that it was written to, and the labels. */
  readonly touch: ThreadTouch | undefined;
}

/** See `recent-threads.ts`. */
export interface ThreadTouch {
  readonly labels: Labels;
}

/** How a statement locks the thread's row. */
export interface ThreadLock {
  /** `no key update`: commits of checkpoints come one after the other. `key share`: only deleting the thread and taking its lease wait. */
  readonly strength: "no key update" | "key share";
  /** Whether commits are counted, so that a statement that waited for the lock sees that the thread has moved. */
  readonly counts: boolean;
}

const JUDGED_BY = "lease_token, lease_owner, lease_until, pruned";

/**
 * Common table expressions that end with `th`: the thread's key and epoch, or no row when the write is refused. Behind them, `select` {@link OUTCOME}.
 *
 * The row is locked before it is judged, and in `read committed` a locked row is the newest one, whatever was committed while the statement waited;
 * so a lease that ended meanwhile is seen. Other tables are seen as they were when the statement began: what is asked of them is safe against that
 * (a tombstone is only asked for by who has read that the checkpoint is gone), or asked again (`raced`).
 *
 * @param values the statement's parameters so far: `$1` is the thread's id, `$2` the namespace. Further ones are added.
 */
export function threadForWrite(t: Tables, target: WriteTarget, lock: ThreadLock, values: unknown[]): string {
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const { guard, token, touch } = target;
  const labels =
    touch === undefined || Object.keys(touch.labels).length === 0 ? undefined : parameter(JSON.stringify(touch.labels));
  const touched = (row: string): string =>
    `updated_at = date_trunc('milliseconds', now())${labels === undefined ? "" : `, labels = coalesce(${row}labels, '{}') || ${labels}::jsonb`}`;
  const same = guard === undefined ? "" : `and thread_key = ${parameter(guard.threadKey)} and epoch = ${parameter(guard.epoch)}`;
  const ctes: string[] = [];
  let find = `select thread_key, epoch, commits, ${JUDGED_BY} from ${t.thread} where thread_id = $1 ${same} for ${lock.strength}`;
  if (lock.counts) {
    ctes.push(`seen as materialized (select commits from ${t.thread} where thread_id = $1)`);
    find = `update ${t.thread} set commits = commits + 1, ${touched("")} where thread_id = $1 ${same} returning thread_key, epoch, commits, ${JUDGED_BY}`;
  }
  if (guard !== undefined || token !== undefined) {
    // A thread that is to be as it was, or under a lease, is there.
    ctes.push(`locked as (${find})`);
  } else {
    const isLate = target.basis === undefined ? "false" : isLateSql(t, parameter(encodeId(target.basis)));
    ctes.push(
      `late as materialized (select ${isLate} as is_late)`,
      `found as (${find})`,
      // Where somebody else was first, the assignment locks the row and returns it. No key column, so that foreign key checks need not wait.
      `made as (
  insert into ${t.thread} as made (thread_id, commits, labels) select $1, 1, ${labels ?? "null"}::jsonb from late
  where not is_late and not exists (select from found)
  on conflict (thread_id) do update set commits = made.commits + ${lock.counts ? 1 : 0}, ${touched("made.")}
  returning thread_key, epoch, commits, ${JUDGED_BY}
)`,
      "locked as (select found.* from found, late where not is_late union all select * from made)",
    );
  }
  const reasons = [fencedSql(token, parameter)];
  if (target.expectedHead !== undefined) reasons.push(movedSql(t, target.expectedHead, parameter));
  if (target.prunable !== undefined) reasons.push(goneSql(t, parameter(encodeId(target.prunable))));
  if (target.linked.length > 0) reasons.push(lostSql(t, target.linked, parameter));
  ctes.push(
    `judged as materialized (select *, coalesce(${reasons.join(", ")}) as refusal from locked)`,
    "th as (select thread_key, epoch from judged where refusal is null)",
  );
  // A row that this very statement has made or counted on is not changed once more.
  if (touch !== undefined && !lock.counts) {
    ctes.push(
      `touched as (update ${t.thread} as thread set ${touched("thread.")} from th where thread.thread_key = th.thread_key)`,
    );
  }
  return ctes.join(",\n");
}

/** The columns of {@link writeOutcome}. */
export const OUTCOME =
  "select thread_key, epoch, refusal, lease_owner, extract(epoch from lease_until - clock_timestamp()) * 1000 from judged";

/** Why the lease does not let this write through, or null. By the server's clock, read after the wait for the lock. */
export function fencedSql(token: string | undefined, parameter: (value: unknown) => string): string {
  if (token === undefined) return "case when lease_until > clock_timestamp() then 'busy' end";
  return `case when lease_token is distinct from ${parameter(token)}::bigint or lease_until is null or lease_until <= clock_timestamp() then 'lease-lost' end`;
}

/** Whether the checkpoint was deleted with its thread: it is not there, and a tombstone names it. */
function isLateSql(t: Tables, checkpointId: string): string {
  return `exists (select from ${t.tombstone} where thread_hash = ${threadHash("$1")} and ${checkpointId}::bytea = any (checkpoints))
    and not exists (
      select from ${t.checkpoint} join ${t.thread} using (thread_key)
      where thread_id = $1 and checkpoint_ns = $2 and checkpoint_id = ${checkpointId}::bytea
    )`;
}

/**
 * Whether the checkpoint was taken out of the thread (`raced` when that was done between the statement's snapshot and its lock), or was of an earlier
 * thread of this id. A guard does not tell: the caller may have read the thread since.
 */
function goneSql(t: Tables, checkpointId: string): string {
  return `case
    when (${checkpointId}::bytea = any (pruned)) is not true then case when ${isLateSql(t, checkpointId)} then 'deleted' end
    when locked.epoch is distinct from (select epoch from ${t.thread} where thread_id = $1) then 'raced'
    when not exists (
      select from ${t.checkpoint} c where c.thread_key = locked.thread_key and c.checkpoint_ns = $2 and c.checkpoint_id = ${checkpointId}::bytea
    ) then 'pruned'
  end`;
}

/** Whether the head is another one than expected; `raced` when a commit came between the statement's snapshot and its lock. */
function movedSql(
  t: Tables,
  { id, unlessStored }: NonNullable<WriteTarget["expectedHead"]>,
  parameter: (value: unknown) => string,
): string {
  const ofNamespace = `from ${t.checkpoint} c where c.thread_key = locked.thread_key and c.checkpoint_ns = $2`;
  const head = `(select checkpoint_id ${ofNamespace} and not c.is_hidden order by commit_order desc limit 1)`;
  const expected = id === undefined ? "null" : parameter(encodeId(id));
  return `case
    when locked.commits <> coalesce((select commits from seen), 0) + 1 then 'raced'
    when ${head} is distinct from ${expected}::bytea
      and not exists (select ${ofNamespace} and c.checkpoint_id = ${parameter(encodeId(unlessStored))}::bytea) then 'moved'
  end`;
}

/**
 * Whether a segment is gone that was acknowledged: a failover to a replica that lagged, or a crash with `synchronous_commit = off`, takes the last
 * commits back, and this process may still link to what they stored.
 *
 * The snapshot from before the wait for the lock will do: who links to a segment has had the answer to its commit, and what is freed moves the epoch.
 */
function lostSql(t: Tables, linked: readonly string[], parameter: (value: unknown) => string): string {
  const ids = `${parameter(linked)}::uuid[]`;
  // Their number is not a part of the text, which would be another one to prepare for each.
  return `case when (
    select count(*) from ${t.segment} s where s.thread_key = locked.thread_key and s.segment_id = any (${ids})
  ) < cardinality(${ids}) then 'lost' end`;
}

/** What a write links to and does not bring along: the links of its rows, and of the segments that it stores. */
export function linkedElsewhere(rows: readonly { readonly links: readonly string[] }[], created: readonly Segment[]): string[] {
  const brought = new Set(created.map(({ id }) => id));
  const linked = new Set([...rows, ...created].flatMap(({ links }) => links));
  return [...linked].filter((id) => !brought.has(id));
}

/** The name under which a deleted thread is remembered. */
export function threadHash(threadId: string): string {
  return `sha256(convert_to(${threadId}, 'UTF8'))`;
}

/** What became of a write. */
export function writeOutcome(row: Row | undefined, { guard, token }: WriteTarget): WriteOutcome | { readonly kind: "raced" } {
  if (row === undefined) {
    if (guard !== undefined) return { kind: "changed" };
    return token === undefined ? { kind: "deleted" } : { kind: "lease-lost" };
  }
  if (isNull(row, 2)) return { kind: "stored", guard: { threadKey: text(row, 0), epoch: text(row, 1) } };
  const refusal = text(row, 2);
  if (refusal === "raced" || refusal === "pruned" || refusal === "deleted") return { kind: refusal };
  return refusalOf(refusal, row, 3);
}

/** @param lease the first of the columns owner and milliseconds left. */
export function refusalOf(refusal: string, row: Row, lease: number): Refusal {
  if (refusal === "moved" || refusal === "lease-lost" || refusal === "lost") return { kind: refusal };
  return {
    kind: "busy",
    owner: isNull(row, lease) ? undefined : text(row, lease),
    remainingMs: Math.max(0, Number(text(row, lease + 1))),
  };
}

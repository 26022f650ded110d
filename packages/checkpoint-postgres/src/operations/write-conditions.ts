import { isDeepStrictEqual } from "node:util";
import type { Labels } from "@holdfast/checkpoint-core";
import {
  type CheckpointRef,
  encodeId,
  entryCache,
  type Refusal,
  type Segment,
  type ThreadGuard,
  type WriteConditions,
  type WriteOutcome,
} from "@holdfast/checkpoint-core/adapter";
import { isNull, text } from "../columns.js";
import type { Row } from "../pool.js";
import type { Tables } from "../tables.js";
import { isKnown } from "./thread-key.js";

/** What a statement writes to, and on which conditions. */
export interface WriteTarget extends Pick<WriteConditions, "token" | "lineage" | "life"> {
  readonly kind: "put" | "writes";
  /** The checkpoint that is put, or that the writes belong to. */
  readonly ref: CheckpointRef;
  readonly guard: ThreadGuard | undefined;
  /** The parameter with the number of the call. */
  readonly call: string;
  /** Whether the checkpoint may have been pruned, before the call or after an earlier try of it. Not if the guard is older than the call. */
  readonly mayBePruned: boolean;
  /** Segments that the write links to without storing them: they must exist (contract C-74). */
  readonly linked: readonly string[];
  /** The head that the namespace must have, unless the checkpoint already exists. */
  readonly expectedHead?: { readonly id: string | undefined } | undefined;
  /** Updates of the thread's row, if needed: the time of the write, and the labels. */
  readonly touch: ThreadTouch | undefined;
}

/** See {@link RecentThreads}. */
export interface ThreadTouch {
  readonly labels: Labels;
}

/** How a statement locks the thread's row. */
export interface ThreadLock {
  /** `no key update`: commits of checkpoints are serialized. `key share`: only deleting the thread and acquiring its lease wait. */
  readonly strength: "no key update" | "key share";
  /** Whether commits are counted, so that a statement that waited for the lock sees that the thread has moved. */
  readonly counts: boolean;
}

const JUDGED = "thread_key, epoch, commits, lease_token, lease_owner, lease_until, migration_token, pruned, pruned_calls";

/**
 * Common table expressions that end with `th`: the thread's key and epoch, or no row if the write is refused. The write follows as `saved`, then `select`
 * {@link outcomeOf}.
 *
 * The row is locked before it is judged. In `read committed`, a locked row is the newest version, whatever was committed during the wait, so a lease that ended
 * meanwhile is seen. Other tables are seen as of the statement's start: if the thread was deleted or pruned since, the answer is `raced`, and the statement runs
 * again.
 *
 * @param values the statement's parameters so far: `$1` is the thread's id, `$2` the namespace, `$3` the checkpoint's id. It adds others.
 */
export function threadForWrite(t: Tables, target: WriteTarget, lock: ThreadLock, values: unknown[]): string {
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const { guard, token, touch } = target;
  const labels =
    touch === undefined || Object.keys(touch.labels).length === 0 ? undefined : parameter(JSON.stringify(touch.labels));
  const touched = (row: string): string =>
    `updated_at = date_trunc('milliseconds', now())${labels === undefined ? "" : `, labels = coalesce(${row}labels, '{}') || ${labels}::jsonb`}`;
  const same = guard === undefined ? "" : `and thread_key = ${parameter(guard.threadKey)} and epoch = ${parameter(guard.epoch)}`;
  const isThread = `thread_id = $1 and ${isKnown(t)} ${same}`;
  const find = lock.counts
    ? `update ${t.thread} set commits = commits + 1, ${touched("")} where ${isThread} returning ${JUDGED}`
    : `select ${JUDGED} from ${t.thread} where ${isThread} for ${lock.strength}`;
  const reasons = [leaseRefusalSql(token, parameter), incompleteSql(token, parameter)];
  const isLate = isLateSql(t, target, parameter);
  const mayBeginThread = guard === undefined && token === undefined;
  const asksForLate = mayBeginThread || isLate !== "false";
  if (asksForLate) reasons.push("case when is_late then 'deleted' end");
  if (target.expectedHead !== undefined) reasons.push(movedSql(t, target.expectedHead, parameter));
  if (target.mayBePruned) reasons.push(prunedSql(t, target));
  if (target.linked.length > 0) reasons.push(lostSql(t, target.linked, parameter));
  // Each part that a statement leaves out saves the server some 10 us.
  const ctes: string[] = [];
  if (mayBeginThread || target.mayBePruned || target.expectedHead !== undefined) {
    ctes.push(`seen as materialized (select thread_key, epoch, commits from ${t.thread} where thread_id = $1 and ${isKnown(t)})`);
  }
  if (asksForLate) ctes.push(`late as materialized (select ${isLate} as is_late)`);
  if (!mayBeginThread) {
    // With a guard or a lease, the thread must exist.
    ctes.push(`locked as (${find})`);
  } else {
    ctes.push(
      `found as (${find})`,
      // If another statement was first, the assignment locks the row and returns it. It sets no key column, so that foreign key checks do not wait.
      `made as (
  insert into ${t.thread} as made (thread_id, commits, labels) select $1, 1, ${labels ?? "null"}::jsonb from late
  where not is_late and not exists (select from seen) and not exists (select from found)
  on conflict (thread_id, tenant) do update set commits = made.commits + ${lock.counts ? 1 : 0}, ${touched("made.")}
  where ${isKnown(t, "made.")}
  returning ${JUDGED}
)`,
      "locked as (select * from found union all select * from made)",
    );
  }
  ctes.push(
    `judged as materialized (select locked.*, coalesce(${reasons.join(", ")}) as refusal from locked ${asksForLate ? "cross join late" : ""})`,
    "th as (select thread_key, epoch from judged where refusal is null)",
  );
  // A row that this statement has just created or updated is not changed again.
  if (touch !== undefined && !lock.counts) {
    ctes.push(
      `touched as (update ${t.thread} as thread set ${touched("thread.")} from th where thread.thread_key = th.thread_key)`,
    );
  }
  return ctes.join(",\n");
}

/**
 * Assignments and condition of an `on conflict do update` that replaces a row of `table`. A call changes nothing if a later call of its process wrote the row, or
 * wrote it before another process replaced it.
 */
export function replaceUnlessPast(table: string, assignments: string): string {
  const isOfProcess = (call: string): string => `${call} >> ${CALL_BITS} = excluded.last_call >> ${CALL_BITS}`;
  return `do update set ${assignments}, last_call = excluded.last_call,
    replaced_calls = case when ${isOfProcess(`${table}.last_call`)} then ${table}.replaced_calls else ${table}.last_call || ${table}.replaced_calls end
  where case when ${isOfProcess(`${table}.last_call`)} then ${table}.last_call <= excluded.last_call
    else not exists (select from unnest(${table}.replaced_calls) call where ${isOfProcess("call")} and call >= excluded.last_call) end`;
}

/** The bits of a call's number, below the number of its process. */
const CALL_BITS = 32;

/**
 * Whether the thread that the write belongs to was deleted: a checkpoint of its lineage is missing, and a tombstone names it; or the put itself was carried out
 * before; or the thread has another key, and lacks this checkpoint, which can be the first of a new run only if the tombstone does not name it.
 */
function isLateSql(
  t: Tables,
  { kind, ref, guard, lineage, life, call }: WriteTarget,
  parameter: (value: unknown) => string,
): string {
  // It refers to the tombstone, so that the server looks for the checkpoint only if there is one.
  const isStored = (namespace: string, id: string): string => `exists (
    select from ${t.checkpoint} c join ${t.thread} using (thread_key)
    where thread_id = $1 and ${isKnown(t)} and c.checkpoint_ns = ${namespace} and c.checkpoint_id = ${id} and tomb.thread_hash is not null
  )`;
  const isNamed = "$3::bytea = any (tomb.checkpoints)";
  const reasons: string[] = [];
  const whereNotThere: string[] = [];
  // Writes belong to their own checkpoint, whose id is `$3`.
  if (kind === "writes") whereNotThere.push(isNamed);
  else if (lineage.length > 0) {
    const namespaces = `${parameter(lineage.map(({ namespace }) => namespace))}::text[]`;
    const ids = `${parameter(lineage.map(({ checkpointId }) => encodeId(checkpointId)))}::bytea[]`;
    reasons.push(`exists (
    select from unnest(${namespaces}, ${ids}) l (checkpoint_ns, checkpoint_id)
    where l.checkpoint_id = any (tomb.checkpoints) and not ${isStored("l.checkpoint_ns", "l.checkpoint_id")}
  )`);
  }
  if (kind === "put" && guard === undefined) whereNotThere.push(wasCarriedOutSql("tomb.checkpoints", "tomb.calls", call));
  if (life !== undefined) {
    const isAnother = `(select thread_key from ${t.thread} where thread_id = $1 and ${isKnown(t)}) is distinct from ${parameter(life)}::bigint`;
    // The first checkpoint of a new id may start a new run, unless it is a subgraph's.
    whereNotThere.push(lineage.length === 0 && ref.namespace === "" ? `(${isAnother} and ${isNamed})` : isAnother);
  }
  if (whereNotThere.length > 0) reasons.push(`((${whereNotThere.join(" or ")}) and not ${isStored("$2", "$3::bytea")})`);
  if (reasons.length === 0) return "false";
  return `exists (select from ${t.tombstone} tomb where thread_hash = ${threadHash("$1")} and (${reasons.join(" or ")}))`;
}

/** Whether two arrays of ids and calls have the checkpoint with this call, or a later one of the same process. */
function wasCarriedOutSql(ids: string, calls: string, call: string): string {
  return `exists (
    select from unnest(${ids}, ${calls}) done (id, call)
    where done.id = $3::bytea and done.call >> ${CALL_BITS} = ${call}::bigint >> ${CALL_BITS} and done.call >= ${call}::bigint
  )`;
}

/**
 * The columns of {@link writeOutcome}. Without a guard or a token, no thread means that the write comes too late, or that its thread was deleted since the
 * statement began.
 *
 * @param written a condition that is true if `saved` has written.
 */
export function outcomeOf({ guard, token }: WriteTarget, written = "exists (select from saved)"): string {
  const judged = `select thread_key, epoch, case when refusal is null and not ${written} then 'past' else refusal end,
  lease_owner, extract(epoch from lease_until - clock_timestamp()) * 1000 from judged`;
  if (guard !== undefined || token !== undefined) return judged;
  return `${judged}
union all select null, null, case when is_late then 'deleted' else 'raced' end, null, null from late where not exists (select from judged)`;
}

/** Why the lease refuses this write, or null. By the server's clock, read after the wait for the lock. */
export function leaseRefusalSql(token: string | undefined, parameter: (value: unknown) => string): string {
  if (token === undefined) return "case when lease_until > clock_timestamp() then 'busy' end";
  return `case when lease_token is distinct from ${parameter(token)}::numeric or lease_until is null or lease_until <= clock_timestamp() then 'lease-lost' end`;
}

/** Whether the thread is being migrated from another saver, and the write does not belong to that. */
function incompleteSql(token: string | undefined, parameter: (value: unknown) => string): string {
  const isOther = token === undefined ? "is not null" : `<> ${parameter(token)}::numeric`;
  return `case when migration_token ${isOther} then 'incomplete' end`;
}

/**
 * Whether the checkpoint was pruned: for a put, after an earlier try of it; `raced` if that happened between the statement's snapshot and its lock.
 */
function prunedSql(t: Tables, { kind, call }: WriteTarget): string {
  const wasPruned =
    kind === "put" ? wasCarriedOutSql("locked.pruned", "locked.pruned_calls", call) : "$3::bytea = any (locked.pruned)";
  return `case
    when (${wasPruned}) is not true then null
    when locked.epoch is distinct from (select epoch from seen) then 'raced'
    when not exists (
      select from ${t.checkpoint} c where c.thread_key = locked.thread_key and c.checkpoint_ns = $2 and c.checkpoint_id = $3::bytea
    ) then 'past'
  end`;
}

/** Whether the head differs from the expected one; `raced` if a commit came between the statement's snapshot and its lock. */
function movedSql(t: Tables, { id }: NonNullable<WriteTarget["expectedHead"]>, parameter: (value: unknown) => string): string {
  const ofNamespace = `from ${t.checkpoint} c where c.thread_key = locked.thread_key and c.checkpoint_ns = $2`;
  const head = `(select checkpoint_id ${ofNamespace} and not c.is_hidden order by commit_order desc limit 1)`;
  const expected = id === undefined ? "null" : parameter(encodeId(id));
  return `case
    when locked.commits <> coalesce((select commits from seen), 0) + 1 then 'raced'
    when ${head} is distinct from ${expected}::bytea
      and not exists (select ${ofNamespace} and c.checkpoint_id = $3::bytea) then 'moved'
  end`;
}

/**
 * Whether an acknowledged segment is gone: a failover to a lagging replica, or a crash with `synchronous_commit = off`, loses the last commits, and this process
 * may still link to what they stored.
 *
 * The snapshot from before the wait for the lock suffices: a writer links only to segments whose commit was acknowledged, and freeing changes the epoch.
 */
function lostSql(t: Tables, linked: readonly string[], parameter: (value: unknown) => string): string {
  const ids = `${parameter(linked)}::uuid[]`;
  // An array, so that the text to prepare does not depend on their number.
  return `case when (
    select count(*) from ${t.segment} s where s.thread_key = locked.thread_key and s.segment_id = any (${ids})
  ) < cardinality(${ids}) then 'lost' end`;
}

/** What a write links to without storing it: the links of its rows, and of the segments that it stores. */
export function linkedElsewhere(rows: readonly { readonly links: readonly string[] }[], created: readonly Segment[]): string[] {
  const linked = new Set<string>();
  for (const { links } of [...rows, ...created]) for (const id of links) linked.add(id);
  for (const { id } of created) linked.delete(id);
  return [...linked];
}

/** The hash under which a deleted thread is remembered. */
export function threadHash(threadId: string): string {
  return `sha256(convert_to(${threadId}, 'UTF8'))`;
}

/** What became of a write. */
export function writeOutcome(row: Row | undefined, { guard }: WriteTarget): WriteOutcome | { readonly kind: "raced" } {
  if (row === undefined) return guard === undefined ? { kind: "lease-lost" } : { kind: "changed" };
  if (isNull(row, 2)) return { kind: "stored", guard: { threadKey: text(row, 0), epoch: text(row, 1) } };
  const refusal = text(row, 2);
  if (refusal === "raced" || refusal === "past" || refusal === "deleted") return { kind: refusal };
  return refusalOf(refusal, row, 3);
}

/** @param lease the first of the columns owner and milliseconds left. */
export function refusalOf(refusal: string, row: Row, lease: number): Refusal {
  if (refusal === "moved" || refusal === "lease-lost" || refusal === "lost" || refusal === "incomplete") return { kind: refusal };
  return {
    kind: "busy",
    owner: isNull(row, lease) ? undefined : text(row, lease),
    remainingMs: Math.max(0, Number(text(row, lease + 1))),
  };
}

/** `updated_at` is exact to the minute: one row version and two index entries a minute, instead of at each of some ten writes a turn. */
const TOUCH_MS = 60_000;

/** The threads whose rows this process has recently updated. It only saves work: an unneeded update does no harm. */
export class RecentThreads {
  readonly #labels = entryCache<Labels>(10_000, TOUCH_MS);

  /** What a write must update in the thread's row; `undefined` if nothing. A thread has no label `run_id`. */
  touch(threadId: string, { run_id: _, ...labels }: Labels): ThreadTouch | undefined {
    const said = this.#labels.get(threadId);
    if (said !== undefined && isDeepStrictEqual(said, { ...said, ...labels })) return undefined;
    return { labels };
  }

  /** The write was made. */
  touched(threadId: string, touch: ThreadTouch): void {
    this.#labels.set(threadId, { ...this.#labels.get(threadId), ...touch.labels });
  }

  delete(threadId: string): void {
    this.#labels.delete(threadId);
  }
}

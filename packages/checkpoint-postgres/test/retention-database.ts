import { PostgresSaver, type PostgresSaverOptions } from "@holdfast/checkpoint-postgres";
import { eventually, type TestDatabase } from "@holdfast/test-servers";
import { type Checkpoint, type CheckpointMetadata, uuid6 } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { afterEach, beforeEach } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { closePooled, openPooled } from "./pooled-savers.js";
import { RecordingPool, type SentStatement } from "./recording-pool.js";
import { retentionTarget } from "./retention-target.js";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

export const HOUR = 3_600_000;
export const GONE = { checkpoints: 0, segments: 0, writes: 0, orphans: [] };
export const METADATA: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

export let database: TestDatabase;
const savers: PostgresSaver[] = [];
const pools: CountedPool[] = [];
const holders: pg.Client[] = [];

/** Registers a new database for each test, and the closing of what the test opened. */
export function useDatabase(): void {
  beforeEach(async () => {
    database = await databaseWithTables();
  });
  afterEach(async () => {
    await Promise.all(holders.splice(0).map((client) => client.end()));
    await Promise.all(savers.splice(0).map(closePooled));
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await database.drop();
  });
}

export function open(options?: PostgresSaverOptions): PostgresSaver {
  const saver = openPooled(database.url, options);
  savers.push(saver);
  return saver;
}

/** A saver whose statements are kept; `onSend` may refuse them. */
export function record(onSend?: (statement: SentStatement) => void): { saver: PostgresSaver; recording: RecordingPool } {
  const pool = new CountedPool(database.url);
  pools.push(pool);
  const recording = new RecordingPool(pool, onSend);
  return { saver: new PostgresSaver(recording, undefined, { retry: { maxAttempts: 1 } }), recording };
}

/** Begins a transaction that keeps others waiting until it is ended. */
export async function hold(text: string): Promise<pg.Client> {
  const client = new pg.Client(database.url);
  holders.push(client);
  await client.connect();
  await client.query(`begin; ${text}`);
  return client;
}

export const waitingForLocks = (count: number): Promise<unknown> =>
  eventually(`${count} wait for a lock`, async () => {
    const [row] = await sql<{ waiting: number }>(
      "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return row?.waiting === count;
  });

export const sql = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
  queryRows<Row>(database.url, text, values);

export const at = (thread: string, id?: string) => ({
  configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) },
});

export async function putChain(saver: PostgresSaver, thread: string, length: number): Promise<string[]> {
  const ids: string[] = [];
  for (let step = 1; step <= length; step += 1) {
    const checkpoint: Checkpoint = {
      v: 4,
      id: uuid6(0),
      ts: "",
      channel_values: { first: `${thread} `.repeat(200), last: `${step} `.repeat(400) },
      channel_versions: { first: 1, last: step },
      versions_seen: {},
    };
    await saver.put(at(thread, ids.at(-1)), checkpoint, METADATA, step === 1 ? { first: 1, last: 1 } : { last: step });
    ids.push(checkpoint.id);
  }
  return ids;
}

/** Gives a thread so many more checkpoints, each with a write: copies of its oldest, one on the other, behind what there is. */
export async function enlarge(saver: PostgresSaver, thread: string, count: number): Promise<void> {
  await saver.putWrites(at(thread, (await shown(saver, thread)).at(-1)), [["last", 1]], "task");
  await sql(
    `
with oldest as (
  select c.* from holdfast.checkpoint c join holdfast.thread using (thread_key) where thread_id = $1 order by commit_order limit 1
),
copied as (
  insert into holdfast.checkpoint (thread_key, commit_order, checkpoint_ns, checkpoint_id, parent_id, metadata, source, step, links, record, committed_at, last_call)
  select thread_key, nextval('holdfast.commit_order'), checkpoint_ns, decode(md5(n::text), 'hex'), decode(md5((n - 1)::text), 'hex'), metadata, source,
    step, links, record, committed_at, last_call
  from oldest cross join generate_series(1, $2::int) n
)
insert into holdfast.pending_write (thread_key, arrival, call, slot, checkpoint_ns, checkpoint_id, task_id, links, payload)
select w.thread_key, n, call, slot, '', decode(md5(n::text), 'hex'), task_id, w.links, payload
from oldest join holdfast.pending_write w using (thread_key, checkpoint_id) cross join generate_series(1, $2::int) n`,
    [thread, count],
  );
}

/** Lets threads be older than they are. */
export async function age(ms: number, ...threads: string[]): Promise<void> {
  await Promise.all(threads.map((thread) => retentionTarget.age(database.url, thread, ms)));
}

export async function listed(saver: PostgresSaver, options?: Parameters<PostgresSaver["listThreads"]>[0]): Promise<string[]> {
  const ids: string[] = [];
  for await (const { threadId } of saver.listThreads(options)) ids.push(threadId);
  return ids;
}

/** The checkpoints of a thread that are in sight, newest first, by their rows: copies of rows do not have the checksums of theirs. */
export async function rowsOf(thread: string): Promise<string[]> {
  const rows = await sql<{ id: string }>(
    `
select encode(checkpoint_id, 'hex')::uuid::text as id from holdfast.checkpoint join holdfast.thread using (thread_key)
where thread_id = $1 and not is_hidden order by commit_order desc`,
    [thread],
  );
  return rows.map(({ id }) => id);
}

export async function shown(saver: PostgresSaver, thread: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { checkpoint } of saver.list(at(thread))) ids.push(checkpoint.id);
  return ids;
}

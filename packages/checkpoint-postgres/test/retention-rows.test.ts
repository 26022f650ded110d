import { PostgresSaver, type PostgresSaverOptions, type ThreadInfo } from "@holdfast/checkpoint-postgres";
import { eventually, type TestDatabase } from "@holdfast/test-servers";
import { type Checkpoint, type CheckpointMetadata, uuid6 } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { closePooled, openPooled, poolOf } from "./pooled-savers.js";
import { RecordingPool, type SentStatement } from "./recording-pool.js";
import { retentionTarget } from "./retention-target.js";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";
import { underneath } from "./underneath.js";

const HOUR = 3_600_000;
const GONE = { checkpoints: 0, segments: 0, writes: 0, orphans: [] };
const METADATA: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

let database: TestDatabase;
const savers: PostgresSaver[] = [];
const pools: CountedPool[] = [];
const holders: pg.Client[] = [];

beforeEach(async () => {
  database = await databaseWithTables();
});
afterEach(async () => {
  await Promise.all(holders.splice(0).map((client) => client.end()));
  await Promise.all(savers.splice(0).map(closePooled));
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
  await database.drop();
});

function open(options?: PostgresSaverOptions): PostgresSaver {
  const saver = openPooled(database.url, options);
  savers.push(saver);
  return saver;
}

/** A saver whose statements are kept; `onSend` may refuse them. */
function record(onSend?: (statement: SentStatement) => void): { saver: PostgresSaver; recording: RecordingPool } {
  const pool = new CountedPool(database.url);
  pools.push(pool);
  const recording = new RecordingPool(pool, onSend);
  return { saver: new PostgresSaver(recording, undefined, { retry: { maxAttempts: 1 } }), recording };
}

/** Begins a transaction that keeps others waiting until it is ended. */
async function hold(text: string): Promise<pg.Client> {
  const client = new pg.Client(database.url);
  holders.push(client);
  await client.connect();
  await client.query(`begin; ${text}`);
  return client;
}

const waitingForLocks = (count: number): Promise<unknown> =>
  eventually(`${count} wait for a lock`, async () => {
    const [row] = await sql<{ waiting: number }>(
      "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return row?.waiting === count;
  });

const sql = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
  queryRows<Row>(database.url, text, values);

const at = (thread: string, id?: string) => ({
  configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) },
});

async function putChain(saver: PostgresSaver, thread: string, length: number): Promise<string[]> {
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
async function enlarge(saver: PostgresSaver, thread: string, count: number): Promise<void> {
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
async function age(ms: number, ...threads: string[]): Promise<void> {
  await Promise.all(threads.map((thread) => retentionTarget.age(database.url, thread, ms)));
}

async function listed(saver: PostgresSaver, options?: Parameters<PostgresSaver["listThreads"]>[0]): Promise<string[]> {
  const ids: string[] = [];
  for await (const { threadId } of saver.listThreads(options)) ids.push(threadId);
  return ids;
}

/** The checkpoints of a thread that are in sight, newest first, by their rows: copies of rows do not have the checksums of theirs. */
async function rowsOf(thread: string): Promise<string[]> {
  const rows = await sql<{ id: string }>(
    `
select encode(checkpoint_id, 'hex')::uuid::text as id from holdfast.checkpoint join holdfast.thread using (thread_key)
where thread_id = $1 and not is_hidden order by commit_order desc`,
    [thread],
  );
  return rows.map(({ id }) => id);
}

async function shown(saver: PostgresSaver, thread: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { checkpoint } of saver.list(at(thread))) ids.push(checkpoint.id);
  return ids;
}

it("C-52 of the checkpoints beyond keepLast, those that are older than maxAge go", async () => {
  const saver = open();
  const ids = await putChain(saver, "t", 6);
  await sql(
    "update holdfast.checkpoint set committed_at = committed_at - interval '2 hours' where commit_order < (select max(commit_order) - 1 from holdfast.checkpoint)",
  );
  expect(await saver.prune(["t"], { maxAge: 3 * HOUR })).toMatchObject({ checkpoints: 0 });
  expect(await saver.prune(["t"], { maxAge: HOUR })).toMatchObject({ checkpoints: 4 });
  expect(await shown(saver, "t")).toEqual(ids.slice(-2).reverse());
});

it("C-54 an end of a branch that is written to while it is about to be pruned stays", async () => {
  const saver = open();
  const ids = await putChain(saver, "t", 3);
  const end = uuid6(0);
  const fork: Checkpoint = { v: 4, id: end, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  await saver.put(at("t", ids[0]), fork, METADATA, {});
  const newest = await putChain(saver, "t", 1);
  await saver.putWrites(at("t", newest[0]), [["last", "asked"]], "task");
  // It has looked at the thread, and waits for its row.
  const holder = await hold("select from holdfast.thread where thread_id = 't' for update");
  const pruning = saver.prune(["t"]);
  await eventually("the prune waits", async () => {
    const [row] = await sql<{ waiting: number }>(
      "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return row?.waiting === 1;
  });
  await holder.query(
    `insert into holdfast.pending_write (thread_key, arrival, call, slot, checkpoint_ns, checkpoint_id, task_id, links, payload)
select thread_key, arrival, call, slot, checkpoint_ns, decode(replace('${end}', '-', ''), 'hex'), task_id, links, payload from holdfast.pending_write`,
  );
  await holder.query("commit");
  expect(await pruning).toMatchObject({ checkpoints: 3 });
  expect(await rowsOf("t")).toEqual([newest[0], end]);
});

it("C-53 a prune that dies between two of its statements leaves everything whole, and the next one goes on", async () => {
  const { saver: reader } = record();
  await putChain(reader, "large", 4);
  await enlarge(reader, "large", 2_500);
  const before = await rowsOf("large");
  const whole = async (): Promise<void> => {
    const after = await rowsOf("large");
    expect(after[0]).toBe(before[0]);
    expect(after).toEqual(before.filter((id) => after.includes(id)));
    expect((await underneath(database.url, "large")).orphans.filter((name) => name.startsWith("missing"))).toEqual([]);
  };
  let [sent, limit] = [0, 3];
  const { saver } = record(() => {
    sent += 1;
    if (sent > limit) throw new Error("the process dies here");
  });
  for (let isOver = false; !isOver; limit += 3) {
    sent = 0;
    isOver = await saver.prune(["large"]).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE" });
        return false;
      },
    );
    await whole();
  }
  expect(limit, "it died often").toBeGreaterThan(10);
  expect(await rowsOf("large")).toEqual(before.slice(0, 1));
  expect(await underneath(database.url, "large")).toMatchObject({ checkpoints: 1, orphans: [] });
});

it("C-56 idle threads are deleted, the others pruned; what a run writes late to a deleted one is refused", async () => {
  const saver = open({ retention: { idleFor: HOUR, keepLast: 2 } });
  const ids = await putChain(saver, "idle", 3);
  for (const thread of ["asked", "almost", "fresh"]) await putChain(saver, thread, 3);
  await saver.putWrites(at("asked", (await shown(saver, "asked"))[0]), [["__interrupt__", { value: "?" }]], "task");
  await age(HOUR, "idle", "asked");
  await age(HOUR / 2, "almost");
  const said = await saver.sweep({ dryRun: true });
  expect(said).toMatchObject({ threads: 4, deleted: 2, checkpoints: 8, seen: 4 });
  expect(await listed(saver)).toHaveLength(4);
  expect(await saver.sweep()).toEqual({ ...said, bytes: expect.any(Number) });
  expect((await listed(saver)).sort()).toEqual(["almost", "fresh"]);
  for (const thread of ["idle", "asked"]) expect(await underneath(database.url, thread)).toEqual(GONE);
  await expect(saver.putWrites(at("idle", ids[2]), [["last", 1]], "task")).rejects.toMatchObject({
    code: "HOLDFAST_THREAD_DELETED",
  });
});

it("C-56 a thread that was idle and is written to while it is swept is not deleted", async () => {
  const saver = open({ retention: { idleFor: HOUR } });
  const ids = await putChain(saver, "t", 2);
  await age(HOUR, "t");
  // The sweep has read the page, and waits for the thread.
  const writer = await hold("select from holdfast.thread where thread_id = 't' for update");
  const sweep = saver.sweep();
  await waitingForLocks(1);
  await writer.query("update holdfast.thread set updated_at = now() where thread_id = 't'; commit");
  expect(await sweep).toMatchObject({ threads: 0, deleted: 0, seen: 1, end: "done" });
  expect(await shown(saver, "t")).toEqual([...ids].reverse());
});

it("C-56 prune by age takes what was not written to for so long", async () => {
  const saver = open();
  for (const thread of ["guest 1", "guest 2", "user 1"]) await putChain(saver, thread, 3);
  await age(HOUR, "guest 1", "user 1");
  expect(await saver.prune({ olderThan: HOUR / 2, prefix: "guest" })).toMatchObject({ threads: 1, checkpoints: 2 });
  expect(await shown(saver, "guest 1")).toHaveLength(1);
  expect(await saver.prune({ olderThan: HOUR / 2 }, { strategy: "delete" })).toMatchObject({
    threads: 2,
    deleted: 2,
    checkpoints: 4,
  });
  expect(await listed(saver)).toEqual(["guest 2"]);
});

it("C-56 a sweeper that dies keeps others away until its claim has run out, and loses nothing", async () => {
  const [dying, next] = [open({ retention: { keepLast: 1 } }), open({ retention: { keepLast: 1 } })];
  const threads = Array.from({ length: 5 }, (_, n) => `thread ${n}`);
  const newest = await Promise.all(threads.map(async (thread) => (await putChain(dying, thread, 3)).at(-1)));
  let ended: Promise<void> | undefined;
  const onProgress = ({ seen }: { readonly seen: number }): void => {
    if (seen === 2) ended = dying.end();
  };
  await expect(dying.sweep({ batch: 1, onProgress })).rejects.toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
  await ended;
  expect(await next.sweep()).toMatchObject({ seen: 0, end: "busy" });
  await retentionTarget.endSweepClaim(database.url);
  expect(await next.sweep()).toMatchObject({ threads: 3, checkpoints: 6, busy: [], end: "done" });
  for (const [n, thread] of threads.entries()) expect(await shown(next, thread)).toEqual([newest[n]]);
});

it("C-56 a sweeper that stalled for longer than its claim leaves the rest to the one that came", async () => {
  const [slow, next] = [open({ retention: { keepLast: 1 } }), open({ retention: { keepLast: 1 } })];
  for (const thread of ["a", "b", "c"]) await putChain(slow, thread, 3);
  const others: Promise<unknown>[] = [];
  // Its second thread keeps it waiting.
  const stalled = await hold("select from holdfast.thread where thread_id = 'b' for update");
  const sweep = slow.sweep({ batch: 1 });
  await eventually("the first thread is done", async () => (await shown(next, "a")).length === 1);
  await retentionTarget.endSweepClaim(database.url);
  others.push(next.sweep());
  await eventually("another one has the claim", async () => {
    const [row] = await sql<{ live: boolean }>("select claimed_until > clock_timestamp() as live from holdfast.sweeper");
    return row?.live;
  });
  await stalled.query("rollback");
  expect(await Promise.all(others)).toEqual([expect.objectContaining({ end: "done" })]);
  expect(await sweep).toMatchObject({ end: "aborted" });
  for (const thread of ["a", "b", "c"]) expect(await shown(next, thread)).toHaveLength(1);
});

it("C-56 threads that were not written to since the last sweep are passed over", async () => {
  const saver = open({ retention: { keepLast: 1 } });
  const statementsOf = async (): Promise<number> => {
    const before = poolOf(saver).statements;
    await saver.sweep();
    return poolOf(saver).statements - before;
  };
  await saver.sweep();
  const ofNone = await statementsOf();
  const threads = ["a", "b", "c", "d"];
  for (const thread of threads) await putChain(saver, thread, 2);
  await age(HOUR, ...threads);
  expect(await statementsOf()).toBeGreaterThan(ofNone + threads.length);
  expect(await statementsOf(), "nothing is asked of any thread").toBe(ofNone);
  await putChain(open(), "b", 2);
  expect(await saver.sweep()).toMatchObject({ threads: 1, checkpoints: 2, seen: 4 });
});

it("C-57 a huge thread is out of sight at once, and its rows go after that", async () => {
  const saver = open();
  await putChain(saver, "huge", 3);
  await putChain(saver, "other", 3);
  await enlarge(saver, "huge", 6_000);
  const [last] = await rowsOf("huge");
  // Somebody keeps its rows from going.
  const holder = await hold("select from holdfast.pending_write for update");
  let isOver = false;
  const deletion = saver.deleteThread("huge").finally(() => {
    isOver = true;
  });
  const other = open();
  await eventually("it is out of sight", async () => (await other.getTuple(at("huge"))) === undefined);
  expect(isOver).toBe(false);
  expect(await listed(other)).toEqual(["other"]);
  expect(await shown(other, "huge")).toEqual([]);
  await expect(other.stats("huge")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
  for (const by of [saver, other]) {
    await expect(by.putWrites(at("huge", last), [["last", 1]], "task")).rejects.toMatchObject({
      code: "HOLDFAST_THREAD_DELETED",
    });
  }
  const anew = await putChain(other, "huge", 2);
  await holder.query("rollback");
  await deletion;
  expect(await shown(saver, "huge"), "a thread that was begun anew meanwhile stays").toEqual([...anew].reverse());
  expect(await underneath(database.url, "huge")).toMatchObject({ checkpoints: 2, orphans: [] });
  expect(await sql("select count(*)::int as rows from holdfast.checkpoint")).toEqual([{ rows: 5 }]);
});

it("C-57 what a process that died has left of a huge thread goes with the next sweep", async () => {
  const { saver } = record(({ text }) => {
    if (text.includes("doomed")) throw new Error("the process dies here");
  });
  await putChain(saver, "huge", 3);
  await enlarge(saver, "huge", 6_000);
  await expect(saver.deleteThread("huge")).rejects.toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE" });
  expect((await underneath(database.url, "huge")).orphans).toHaveLength(1);
  expect(await open().stats()).toMatchObject({ threads: 0 });
  expect(await open({ retention: { keepLast: 1 } }).sweep()).toMatchObject({ seen: 0, end: "done" });
  expect(await underneath(database.url, "huge")).toEqual(GONE);
  for (const table of ["thread", "checkpoint", "segment", "pending_write"]) {
    expect(await sql(`select from holdfast.${table}`), table).toHaveLength(0);
  }
});

it("C-58 what is put while a copy is made is not in it", async () => {
  const [saver, copier] = [open(), open()];
  const ids = await putChain(saver, "original", 3);
  // The copy has begun, and cannot write its first rows.
  const holder = await hold("lock table holdfast.segment in exclusive mode");
  const copying = copier.copyThread("original", "copy");
  await waitingForLocks(1);
  const late = { v: 4, id: uuid6(0), ts: "", channel_values: { a: 1 }, channel_versions: { a: 1 }, versions_seen: {} };
  await saver.put(at("original", ids[2]), late, METADATA, { a: 1 });
  await saver.putWrites(at("original", ids[2]), [["a", 1]], "task");
  await holder.query("rollback");
  expect(await copying).toEqual({ checkpoints: 3 });
  expect(await shown(saver, "copy")).toEqual([...ids].reverse());
  expect((await saver.getTuple(at("copy")))?.pendingWrites).toEqual([]);
  expect(await shown(saver, "original")).toHaveLength(4);
});

it("C-26 threads of one time are listed by id, and pages go on between them", async () => {
  const saver = open();
  const names = Array.from({ length: 12 }, (_, n) => `thread ${String(n).padStart(2, "0")}`);
  for (const name of names) await putChain(saver, name, 1);
  await sql("update holdfast.thread set updated_at = '2026-01-02 03:04:05.678Z'");
  const all = [...names].reverse();
  const threads: ThreadInfo[] = [];
  for await (const thread of saver.listThreads()) threads.push(thread);
  expect(threads.map(({ threadId }) => threadId)).toEqual(all);
  for (const [place, { cursor }] of threads.entries()) {
    expect(await listed(saver, { cursor, limit: 3 })).toEqual(all.slice(place + 1, place + 4));
  }
});

it("C-26 a thread that is written to after a minute comes first, whatever is written", async () => {
  for (const [n, write] of [
    (saver: PostgresSaver) => putChain(saver, "old", 1),
    async (saver: PostgresSaver) => saver.putWrites(at("old", (await shown(saver, "old"))[0]), [["last", 1]], "task"),
  ].entries()) {
    for (const thread of ["old", "new"]) await putChain(open(), thread, 1);
    await age(HOUR, "old");
    expect(await listed(open())).toEqual(["new", "old"]);
    const saver = open();
    await write(saver);
    expect(await listed(open()), `write ${n}`).toEqual(["old", "new"]);
    const updatedAt = await sql("select updated_at from holdfast.thread where thread_id = 'old'");
    await write(saver);
    expect(await sql("select updated_at from holdfast.thread where thread_id = 'old'"), "once a minute").toEqual(updatedAt);
  }
});

interface PlanNode {
  readonly "Node Type": string;
  readonly "Scan Direction"?: string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** How a plan reads its tables. */
function scansOf(node: PlanNode): string[] {
  const { "Node Type": type, "Scan Direction": direction, "Relation Name": table, "Index Name": index, Plans = [] } = node;
  const way = [type, direction, table && `of ${table}`, index && `by ${index}`].filter(Boolean).join(" ");
  return [...(type.includes("Scan") ? [way] : []), ...Plans.flatMap(scansOf)];
}

it("C-26 the first page of many threads, and the one behind it, are one statement each, by the index", async () => {
  const { saver, recording } = record();
  await putChain(saver, "thread 0", 2);
  await sql(`
insert into holdfast.thread (thread_id, updated_at) select 'thread ' || n, date_trunc('milliseconds', now()) - n * interval '1 second' from generate_series(1, 2500) n`);
  await sql(`
insert into holdfast.checkpoint (thread_key, commit_order, committed_at, checkpoint_ns, checkpoint_id, metadata, record, last_call)
select thread_key, n + 100, updated_at, '', decode(md5(n::text), 'hex'), '{}', '\\x00', n from holdfast.thread cross join generate_series(1, 3) n`);
  await sql("analyze");
  recording.sent = [];
  const page = [];
  for await (const thread of saver.listThreads({ limit: 50 })) page.push(thread);
  for await (const thread of saver.listThreads({ limit: 50, cursor: page[49]?.cursor ?? "" })) page.push(thread);
  expect(page.map(({ threadId }) => threadId)).toEqual(Array.from({ length: 100 }, (_, n) => `thread ${n}`));
  expect(recording.sent).toHaveLength(2);
  const client = new pg.Client(database.url);
  await client.connect();
  for (const { text, values } of recording.sent) {
    const { rows } = await client.query({ text: `explain (format json) ${text}`, values });
    const scans = scansOf(rows[0]["QUERY PLAN"][0].Plan);
    expect(scans).toContain("Index Scan Backward of thread by thread_updated_at");
    expect(
      scans.filter((scan) => /^Seq Scan of (thread|checkpoint)/.test(scan)),
      "of no large table are all rows read",
    ).toEqual([]);
  }
  await client.end();
});

it("C-39 what is not named is in no row", async () => {
  const saver = open({ labels: ["tenant"] });
  const secret = "sk-very-secret";
  const config = { configurable: { ...at("t").configurable, api_key: secret, tenant: "acme" }, metadata: { token: secret } };
  const checkpoint = { v: 4, id: uuid6(0), ts: "", channel_values: { a: 1 }, channel_versions: { a: 1 }, versions_seen: {} };
  const where = await saver.put(config, checkpoint, METADATA, { a: 1 });
  await saver.putWrites({ ...config, ...where }, [["a", 2]], "task");
  const rows: string[] = [];
  for (const table of ["thread", "checkpoint", "segment", "pending_write"]) {
    for (const { row } of await sql<{ row: string }>(`select to_json(r)::text as row from holdfast.${table} r`)) rows.push(row);
  }
  expect(rows.join()).toContain("acme");
  expect(rows.join()).not.toContain(secret);
});

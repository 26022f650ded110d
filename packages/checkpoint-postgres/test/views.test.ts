import { randomBytes } from "node:crypto";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { queryRows } from "./rows.js";
import { emptyDatabase } from "./saver-database.js";

let database: TestDatabase;
const pools: CountedPool[] = [];

beforeAll(async () => {
  database = await emptyDatabase();
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});
afterAll(async () => database?.drop());

async function newStore(schema: string): Promise<PostgresSaver> {
  const pool = new CountedPool(database.url, 2);
  pools.push(pool);
  const saver = new PostgresSaver(pool, undefined, { schema, labels: ["tenant"] });
  await saver.setup();
  return saver;
}

async function put(saver: PostgresSaver, thread: string, id: string, parent?: string): Promise<void> {
  const configurable = { thread_id: thread, checkpoint_ns: "", ...(parent === undefined ? {} : { checkpoint_id: parent }) };
  const checkpoint = { v: 4, id, ts: "", channel_values: { a: id.repeat(100) }, channel_versions: { a: 1 }, versions_seen: {} };
  const metadata = { source: "loop" as const, step: 0, parents: {} };
  await saver.put({ configurable, metadata: { run_id: "r1", tenant: "acme" } }, checkpoint, metadata, { a: 1 });
}

for (const schema of ["holdfast", `it's "quoted" \\ and $1`]) {
  const view = (name: string): string => `${pg.escapeIdentifier(schema)}.${name}`;

  it(`C-26 the views of the schema ${schema} say what the saver says`, async () => {
    const saver = await newStore(schema);
    const [first, second] = [uuid6(0), "not a uuid: é"];
    await put(saver, "one", first);
    await put(saver, "one", second, first);
    await put(saver, "two", first);
    await saver.putWrites(
      { configurable: { thread_id: "two", checkpoint_ns: "", checkpoint_id: first } },
      [["a", "x".repeat(99)]],
      "t",
    );
    const lease = await saver.acquireThread("two", { owner: "worker 1" });
    const told: { readonly updated_at: Date }[] = [];
    for await (const { threadId, labels, checkpoints, bytes, updatedAt, lease: held } of saver.listThreads()) {
      const owner = held?.owner ?? null;
      const thread = {
        thread_id: threadId,
        labels,
        checkpoints,
        bytes,
        updated_at: updatedAt,
        lease_owner: owner,
        is_leased: owner !== null,
      };
      told.push(thread);
    }
    const rows = await queryRows(
      database.url,
      `select thread_id, labels, checkpoints::int, bytes::int, updated_at, lease_owner, coalesce(lease_until > now(), false) as is_leased
       from ${view("threads")} order by updated_at desc, thread_id desc`,
    );
    // The saver knows the last commit; the view, the minute.
    const times = rows.map(({ updated_at }, n) => Number(told[n]?.updated_at) - updated_at.getTime());
    expect(times.filter((later) => later < 0 || later > 90_000)).toEqual([]);
    expect(rows).toEqual(told.map((thread, n) => ({ ...thread, updated_at: rows[n]?.updated_at })));
    expect(rows.map(({ lease_owner }) => lease_owner)).toEqual(expect.arrayContaining(["worker 1", null]));
    await lease.release();
    const checkpoints = await queryRows(
      database.url,
      `select thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, metadata, labels, bytes > 0 as has_bytes
       from ${view("checkpoints")} order by thread_id, commit_order`,
    );
    const row = {
      checkpoint_ns: "",
      metadata: { source: "loop", step: 0, parents: {} },
      labels: { run_id: "r1", tenant: "acme" },
      has_bytes: true,
    };
    expect(checkpoints).toEqual([
      { ...row, thread_id: "one", checkpoint_id: first, parent_checkpoint_id: null },
      { ...row, thread_id: "one", checkpoint_id: second, parent_checkpoint_id: first },
      { ...row, thread_id: "two", checkpoint_id: first, parent_checkpoint_id: null },
    ]);
    const storage = await queryRows<{ name: string; total: number }>(
      database.url,
      `select name, total_bytes::float8 as total from ${view("storage")} where total_bytes > index_bytes order by name`,
    );
    expect(storage.map(({ name }) => name)).toEqual(["checkpoint", "pending_write", "segment", "thread", "tombstone"]);
    const { occupiedBytes } = await saver.stats();
    const all = await queryRows(database.url, `select sum(total_bytes)::float8 as total from ${view("storage")}`);
    expect(all).toEqual([{ total: occupiedBytes }]);
  });
}

it("C-26 C-113 the views show neither what is out of sight, nor a thread that is being migrated, nor what is left of deleted threads", async () => {
  const saver = await newStore("unseen");
  await put(saver, "one", "1");
  await put(saver, "one", "2", "1");
  await put(saver, "dead", "1");
  await put(saver, "half", "1");
  await queryRows(database.url, "update unseen.checkpoint set is_hidden = true where checkpoint_id = '\\x0031'");
  await queryRows(database.url, "update unseen.thread set thread_id = null where thread_id = 'dead'");
  await queryRows(database.url, "update unseen.thread set migration_token = 1 where thread_id = 'half'");
  expect(await queryRows(database.url, "select thread_id, checkpoints::int from unseen.threads")).toEqual([
    { thread_id: "one", checkpoints: 1 },
  ]);
  expect(await queryRows(database.url, "select thread_id, checkpoint_id from unseen.checkpoints")).toEqual([
    { thread_id: "one", checkpoint_id: "2" },
  ]);
});

it("C-26 the views can be granted to a role that has no right on the tables", async () => {
  await put(await newStore("granted"), "one", "1");
  const role = `holdfast_${randomBytes(6).toString("hex")}`;
  await queryRows(database.url, `create role ${role} login password 'secret'`);
  await queryRows(database.url, `grant usage on schema granted to ${role}`);
  await queryRows(database.url, `grant select on granted.threads, granted.checkpoints, granted.storage to ${role}`);
  const url = new URL(database.url);
  [url.username, url.password] = [role, "secret"];
  for (const [view, rows] of [
    ["threads", 1],
    ["checkpoints", 1],
    ["storage", 5],
  ] as const) {
    expect(await queryRows(url.href, `select * from granted.${view}`), view).toHaveLength(rows);
  }
  for (const table of ["thread", "checkpoint", "segment", "pending_write", "tombstone", "sweeper"]) {
    await expect(queryRows(url.href, `select * from granted.${table}`), table).rejects.toMatchObject({ code: "42501" });
  }
  await queryRows(database.url, `drop owned by ${role}`);
  await queryRows(database.url, `drop role ${role}`);
});

import type { PostgresSaver, ThreadInfo } from "@holdfast/checkpoint-postgres";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { expect, it } from "vitest";
import {
  age,
  at,
  database,
  HOUR,
  listed,
  METADATA,
  open,
  putChain,
  record,
  shown,
  sql,
  useDatabase,
} from "./retention-database.js";

useDatabase();

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

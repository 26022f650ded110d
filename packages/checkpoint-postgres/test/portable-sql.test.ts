import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { type Checkpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { RecordingPool } from "./recording-pool.js";
import { queryRows } from "./rows.js";
import { emptyDatabase } from "./saver-database.js";

let database: TestDatabase;
let pool: CountedPool;
let recording: RecordingPool;

beforeAll(async () => {
  database = await emptyDatabase();
  const url = new URL(database.url);
  // Of old applications, whose database keeps it.
  url.searchParams.set("options", "-c standard_conforming_strings=off -c escape_string_warning=on");
  pool = new CountedPool(url.href);
  recording = new RecordingPool(pool);
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

const at = (id?: string, thread = "a\\b'c") => ({
  configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) },
});

function checkpointOf(step: number): Checkpoint {
  return {
    v: 4,
    id: uuid6(step),
    ts: "",
    channel_values: { text: `\\ ${step} '`.repeat(200) },
    channel_versions: { text: step },
    versions_seen: {},
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it("C-85 backslashes mean nothing to our SQL, with standard_conforming_strings off, in every operation", async () => {
  const saver = new PostgresSaver(recording, undefined, {
    schema: "a\\schema",
    retention: { keepLast: 2 },
    onConflict: "reject",
  });
  await saver.setup();
  const ids: string[] = [];
  const note = { note: "\\" };
  for (const step of [1, 2, 3, 4]) {
    const checkpoint = checkpointOf(step);
    const config = { ...at(ids.at(-1)), metadata: { run_id: `run ${step}` } };
    await saver.put(config, checkpoint, { ...note, source: "loop", step, parents: {} }, { text: step });
    ids.push(checkpoint.id);
    await saver.putWrites({ ...config, ...at(checkpoint.id) }, [["text", "\\"]], "task");
    await saver.putWrites(at(checkpoint.id), [["__interrupt__", "?"]], "another task");
  }
  const [, , third, last] = ids;
  expect((await saver.getTuple(at()))?.checkpoint.id).toBe(last);
  expect(await collect(saver.list(at(), { filter: note, before: at(last) }))).toHaveLength(3);
  expect(await collect(saver.list({}))).toHaveLength(4);
  expect((await saver.getDeltaChannelHistory({ config: at(last), channels: ["text"] })).text?.seed).toBeDefined();
  expect(await collect(saver.listThreads({ prefix: "a\\b'" }))).toMatchObject([{ isWaiting: true }]);
  const lease = await saver.acquireThread("a\\b'c", { ttlMs: 60_000 });
  await lease.release();
  await saver.copyThread("a\\b'c", "copy");
  await saver.prune(["copy"], { keepLast: 1 });
  await saver.deleteForRuns([`run ${ids.length}`]);
  await saver.sweep();
  await saver.deleteThread("copy");
  expect((await saver.stats()).threads).toBe(1);
  expect((await saver.verify()).problems).toEqual([]);
  expect((await saver.stats("a\\b'c"))?.checkpoints).toBeGreaterThan(0);
  const seen = await queryRows(database.url, `select checkpoint_id from "a\\schema".checkpoints order by commit_order`);
  expect(seen.at(-1)).toEqual({ checkpoint_id: third });
  await saver.end();
});

/** Names that are written to, in the statement's order. */
function writtenTables(sql: string): string[] {
  return Array.from(
    sql.matchAll(/\b(?:insert into|delete from|(?<!for )(?<!do )(?<!no key )update) +((?:"[^"]+"\.)?[a-z_]+)/g),
    (match) => String(match[1]),
  );
}

it("C-85 no statement uses what servers of the same protocol lack", () => {
  const texts = new Set(recording.sent.map((statement) => (typeof statement === "string" ? statement : statement.text)));
  expect(texts.size).toBeGreaterThan(20);
  const writtenTwice = new Set<string>();
  for (const text of texts) {
    expect(text).not.toMatch(/\bctid\b|query_to_xml/);
    for (const statement of text.split(/;\s*\n/)) {
      const tables = writtenTables(statement);
      for (const [n, table] of tables.entries()) if (tables.indexOf(table) < n) writtenTwice.add(table);
    }
  }
  // A thread is begun or touched, by two parts of one statement of which one does nothing. No other table is named twice.
  expect([...writtenTwice]).toEqual(['"a\\schema".thread']);
});

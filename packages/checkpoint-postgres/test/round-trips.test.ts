import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { type Checkpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { RecordingPool, type SentStatement } from "./recording-pool.js";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

const LENGTH = 300;

let database: TestDatabase;
let pool: CountedPool;
let recording: RecordingPool;
let saver: PostgresSaver;
const ids: string[] = [];
const at = (id?: string, thread = "long") => ({
  configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) },
});

function checkpointOf(step: number): Checkpoint {
  const log = Array.from({ length: 100 }, (_, n) => `line ${n} of the state at step ${n < 90 ? 0 : step}: ${"x".repeat(60)}`);
  return {
    v: 4,
    id: uuid6(step),
    ts: new Date().toISOString(),
    channel_values: { log, step },
    channel_versions: { log: step + 1, step: step + 1, delta: step + 1 },
    versions_seen: {},
  };
}

async function putStep(step: number): Promise<void> {
  const checkpoint = checkpointOf(step);
  await saver.put(at(ids.at(-1)), checkpoint, { source: "loop", step, parents: {} }, { log: step + 1, step: step + 1 });
  ids.push(checkpoint.id);
}

/** A thread of 300 checkpoints with a state of 8 kB, in the middle of which one pauses to look at statistics. */
beforeAll(async () => {
  database = await databaseWithTables();
  pool = new CountedPool(database.url);
  recording = new RecordingPool(pool);
  saver = new PostgresSaver(recording);
  for (let step = 0; step < LENGTH; step += 1) {
    await putStep(step);
    await saver.putWrites(at(ids.at(-1)), [["delta", [`delta ${step}`]]], `task ${step}`);
  }
  await queryRows(database.url, "analyze");
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

async function sentBy(run: () => Promise<unknown>): Promise<readonly SentStatement[]> {
  const before = pool.statements;
  recording.sent = [];
  await run();
  expect(pool.statements - before).toBe(recording.sent.length);
  return recording.sent;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const reads: Record<string, () => Promise<unknown>> = {
  "getTuple of the latest": () => saver.getTuple(at()),
  "getTuple by id": () => saver.getTuple(at(ids[150])),
  "getTuple of a thread that is not there": () => saver.getTuple(at(undefined, "nobody")),
  "getDeltaChannelHistory over 299 ancestors": () => saver.getDeltaChannelHistory({ config: at(), channels: ["delta"] }),
};
const writes: Record<string, () => Promise<unknown>> = {
  put: () => putStep(LENGTH),
  putWrites: () =>
    saver.putWrites(
      at(ids.at(-1)),
      Array.from({ length: 20 }, (_, n) => [`channel ${n}`, "x".repeat(3_000)]),
      "task",
    ),
  "deleteThread of a thread that is not there": () => saver.deleteThread("nobody"),
};

for (const [name, run] of Object.entries({ ...reads, ...writes })) {
  it(`C-84 ${name} is one round trip`, async () => {
    expect((await sentBy(run)).length).toBe(1);
  });
}

it("C-84 the history of a delta channel is all of it, in that round trip", async () => {
  const { delta } = await saver.getDeltaChannelHistory({ config: at(ids[LENGTH - 1]), channels: ["delta"] });
  expect(delta?.writes.map(([, , value]) => value)).toEqual(Array.from({ length: LENGTH - 1 }, (_, n) => [`delta ${n}`]));
});

it("C-43 an empty list of writes is no round trip", async () => {
  expect(await sentBy(() => saver.putWrites(at(ids[0]), [], "task"))).toEqual([]);
});

it("C-84 the first use of a saver looks at the schema, once, and many operations at once share that", async () => {
  const other = new CountedPool(database.url);
  const fresh = new PostgresSaver(other);
  await Promise.all(Array.from({ length: 10 }, () => fresh.getTuple(at())));
  expect(other.statements).toBe(11);
  await fresh.getTuple(at());
  expect(other.statements).toBe(12);
  await other.end();
});

it("C-21 a list of 300 takes a small page and then large ones", async () => {
  let listed = 0;
  const sent = await sentBy(async () => {
    listed = (await collect(saver.list(at()))).length;
  });
  expect(listed).toBe(ids.length);
  expect(sent.length).toBeLessThanOrEqual(Math.ceil((ids.length - 8) / 64) + 1);
  expect((await sentBy(() => saver.list(at()).next())).length, "the first item").toBe(1);
});

it("C-84 Postgres has no reason to compile a reading statement: its plan costs less than jit_above_cost", async () => {
  const list = () => collect(saver.list({ configurable: { thread_id: "long" } }));
  const filtered = () => collect(saver.list(at(), { filter: { source: "loop" }, before: at(ids.at(-1)) }));
  const client = new pg.Client(database.url);
  await client.connect();
  const limit = Number((await client.query("select current_setting('jit_above_cost')")).rows[0].current_setting);
  for (const [name, run] of Object.entries({ ...reads, list, "list with a filter": filtered })) {
    for (const { text, values } of await sentBy(run)) {
      const { rows } = await client.query({ text: `explain (format json) ${text}`, values });
      expect(rows[0]["QUERY PLAN"][0].Plan["Total Cost"], name).toBeLessThan(limit);
    }
  }
  await client.end();
});

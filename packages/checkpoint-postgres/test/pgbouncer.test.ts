import { runOrders, threadHistory, undisturbed } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { type PgBouncer, startPgBouncer, type TestDatabase, withDatabaseName } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { emptyDatabase } from "./saver-database.js";

let database: TestDatabase;
let bouncer: PgBouncer;
const savers: PostgresSaver[] = [];

beforeAll(async () => {
  const server = new URL(inject("holdfastPostgresUrl"));
  database = await emptyDatabase();
  bouncer = await startPgBouncer(
    {
      host: server.hostname,
      port: Number(server.port || 5432),
      user: decodeURIComponent(server.username),
      password: decodeURIComponent(server.password),
    },
    { poolMode: "transaction", poolSize: 2 },
  );
});
afterAll(async () => {
  await Promise.all(savers.map((saver) => saver.end()));
  await bouncer?.stop();
  await database?.drop();
});

/** Twenty connections where the server gives two: what a statement finds in its session is anybody's. */
function open(): PostgresSaver {
  const saver = PostgresSaver.fromConnString(withDatabaseName(bouncer.url, database.name), { poolSize: 20 });
  savers.push(saver);
  return saver;
}

it("C-80 many savers set up at once through PgBouncer in transaction mode", async () => {
  await Promise.all(Array.from({ length: 10 }, () => open().setup()));
  expect(await open().getTuple({ configurable: { thread_id: "nobody" } })).toBeUndefined();
});

it("C-35 40 runs at once through PgBouncer, on two connections of the server", async () => {
  const saver = open();
  await saver.setup();
  const threads = Array.from({ length: 40 }, (_, n) => `bounced ${n}`);
  const expected = await undisturbed(["first", "second"]);
  const outcomes = await Promise.all(threads.map((thread) => runOrders(saver, thread, ["first", "second"])));
  const reader = open();
  for (const [n, thread] of threads.entries()) {
    expect(outcomes[n]).toEqual(expected.values);
    expect(await threadHistory(reader, thread)).toEqual(expected.history);
  }
});

it("C-44 a delta channel's history, and deleting, through PgBouncer", async () => {
  const saver = open();
  await saver.setup();
  const thread = "deltas";
  let parent: string | undefined;
  for (let step = 0; step < 60; step += 1) {
    const id = `1f000000-0000-6000-8000-${String(step).padStart(12, "0")}`;
    const config = {
      configurable: { thread_id: thread, checkpoint_ns: "", ...(parent === undefined ? {} : { checkpoint_id: parent }) },
    };
    const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
    await saver.put(config, checkpoint, { source: "loop", step, parents: {} }, {});
    await saver.putWrites({ configurable: { thread_id: thread, checkpoint_ns: "", checkpoint_id: id } }, [["log", step]], "task");
    parent = id;
  }
  const config = { configurable: { thread_id: thread, checkpoint_ns: "", checkpoint_id: parent } };
  const histories = await Promise.all(
    Array.from({ length: 10 }, () => saver.getDeltaChannelHistory({ config, channels: ["log"] })),
  );
  const steps = Array.from({ length: 59 }, (_, step) => step);
  for (const { log } of histories) expect(log?.writes.map(([, , value]) => value)).toEqual(steps);
  await saver.deleteThread(thread);
  expect(await saver.getTuple(config)).toBeUndefined();
});

import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { eventually, type PostgresServer, startTcpProxy, type TcpProxy } from "@holdfast/test-servers";
import { type Checkpoint, type CheckpointMetadata, uuid6 } from "@langchain/langgraph-checkpoint";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { CountedPool } from "../counted-pool.js";
import { queryRows, rowsOf } from "../rows.js";
import { runOrders, threadHistory, undisturbed } from "../thread-history.js";
import { startServerWithTables } from "./private-database.js";

let server: PostgresServer;
let proxy: TcpProxy;
let pool: CountedPool;
let saver: PostgresSaver;
let threads = 0;

beforeAll(async () => {
  server = await startServerWithTables();
});
afterAll(async () => server?.stop());
beforeEach(async () => {
  proxy = await startTcpProxy({ host: server.host, port: server.port });
  pool = new CountedPool(proxy.url(server.url));
  saver = new PostgresSaver(pool);
});
afterEach(async () => {
  await eventually("every client is given back", () => pool.lent === 0);
  await pool.end();
  await proxy.stop();
});

function newThread(): string {
  threads += 1;
  return `thread ${threads}`;
}
const at = (thread: string, id?: string) => ({
  configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) },
});
const METADATA: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

function checkpointOf(values: Record<string, unknown>, version = 1): Checkpoint {
  const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, version]));
  return {
    v: 4,
    id: uuid6(0),
    ts: new Date().toISOString(),
    channel_values: values,
    channel_versions: versions,
    versions_seen: {},
  };
}

async function put(thread: string, checkpoint: Checkpoint, parent?: string): Promise<void> {
  await saver.put(at(thread, parent), checkpoint, METADATA, checkpoint.channel_versions);
}

async function listed(thread: string): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { checkpoint } of saver.list(at(thread))) ids.push(checkpoint.id);
  return ids;
}

const inserts =
  (table: string) =>
  (request: Buffer): boolean =>
    request.includes(`insert into "holdfast".${table}`);
const BIG = Array.from({ length: 400 }, (_, n) => `line ${n} of a long text`).join("\n");

/** Whether the server did what it was asked before the connection was lost; for the client it looks the same. */
const cuts = [
  ["after the commit", (match: (request: Buffer) => boolean) => proxy.cutAfterRequest(match)],
  ["before the server had it", (match: (request: Buffer) => boolean) => proxy.cutBeforeRequest(match)],
] as const;

for (const [when, cut] of cuts) {
  it(`C-72 a put whose connection is lost ${when} happens once`, async () => {
    const thread = newThread();
    const [first, second, third] = [1, 2, 3].map((n) => checkpointOf({ big: BIG, n }, n)) as [Checkpoint, Checkpoint, Checkpoint];
    await put(thread, first);
    const lost = cut(inserts("checkpoint"));
    await put(thread, second, first.id);
    await lost;
    await put(thread, third, second.id);
    expect(await listed(thread)).toEqual([third.id, second.id, first.id]);
    for (const each of [first, second, third]) {
      expect((await saver.getTuple(at(thread, each.id)))?.checkpoint.channel_values).toEqual(each.channel_values);
    }
    // Values, parent and order in the store are those of a put that went well.
    expect((await saver.getTuple(at(thread, second.id)))?.parentConfig).toEqual(at(thread, first.id));
  });

  it(`C-72 a thread's first put whose connection is lost ${when} makes one thread`, async () => {
    const thread = newThread();
    await saver.getTuple(at(thread));
    const checkpoint = checkpointOf({ big: BIG });
    const lost = cut(inserts("thread"));
    await put(thread, checkpoint);
    await lost;
    expect(await listed(thread)).toEqual([checkpoint.id]);
    expect(await rowsOf(server.url, thread)).toMatchObject({ thread: 1, checkpoint: 1 });
  });

  it(`C-72 writes whose connection is lost ${when} are there once, in their order`, async () => {
    const thread = newThread();
    const checkpoint = checkpointOf({ n: 1 });
    await put(thread, checkpoint);
    await saver.putWrites(at(thread, checkpoint.id), [["a", "early"]], "task 1");
    const lost = cut(inserts("pending_write"));
    await saver.putWrites(
      at(thread, checkpoint.id),
      [
        ["a", BIG],
        ["b", 2],
        ["__interrupt__", [{ value: "sure?" }]],
      ],
      "task 2",
    );
    await lost;
    await saver.putWrites(at(thread, checkpoint.id), [["a", "late"]], "task 3");
    expect((await saver.getTuple(at(thread, checkpoint.id)))?.pendingWrites).toEqual([
      ["task 1", "a", "early"],
      ["task 2", "a", BIG],
      ["task 2", "b", 2],
      ["task 2", "__interrupt__", [{ value: "sure?" }]],
      ["task 3", "a", "late"],
    ]);
  });

  it(`C-72 a thread whose deletion's connection is lost ${when} is gone, and no other`, async () => {
    const [thread, other] = [newThread(), newThread()];
    const checkpoint = checkpointOf({ big: BIG });
    await put(thread, checkpoint);
    await put(other, checkpoint);
    const lost = cut((request) => request.includes(`delete from "holdfast".thread`));
    await saver.deleteThread(thread);
    await lost;
    expect(await saver.getTuple(at(thread))).toBeUndefined();
    expect(Object.values(await rowsOf(server.url, thread)).some((count) => count > 0)).toBe(false);
    expect(await listed(other)).toEqual([checkpoint.id]);
  });

  it(`C-80 setup() whose connection is lost ${when} sets up once`, async () => {
    const fresh = new PostgresSaver(pool, undefined, { schema: `set up ${when}` });
    const lost = cut((request) => request.includes("commit\0"));
    await fresh.setup();
    await lost;
    await fresh.setup();
    expect(await queryRows(server.url, `select version from "set up ${when}".migration`)).toEqual([{ version: 1 }]);
  });
}

it("C-72 a run goes on though every statement that it writes with loses its acknowledgement", async () => {
  const orders = ["first", "second"];
  const seen = new Set<string>();
  let lost = 0;
  // The repetition of a statement has the same bytes, and goes through.
  const isNewWrite = (request: Buffer): boolean => {
    const key = request.toString("base64");
    if (!request.includes('insert into "holdfast".') || seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  const cutNext = (): void => {
    void proxy.cutAfterRequest(isNewWrite).then(() => {
      lost += 1;
      cutNext();
    });
  };
  cutNext();
  const thread = newThread();
  const values = await runOrders(saver, thread, orders);
  expect(lost, "acknowledgements lost").toBeGreaterThan(20);
  const expected = await undisturbed(orders);
  expect(values).toEqual(expected.values);
  expect(await threadHistory(saver, thread)).toEqual(expected.history);
});

/** Savers that do not wait long, on a network that is about to be partitioned. */
function impatientSaver(): PostgresSaver {
  return PostgresSaver.fromConnString(proxy.url(server.url), {
    statementTimeoutMs: 300,
    connectTimeoutMs: 300,
    retry: { maxAttempts: 1_000, maxDelayMs: 100 },
  });
}

it("C-70 a statement that gets no answer is given up and tried on a new connection", async () => {
  const impatient = impatientSaver();
  const thread = newThread();
  const [first, second] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2, big: BIG }, 2)];
  await impatient.put(at(thread), first, METADATA, first.channel_versions);
  const before = proxy.connections;
  proxy.blackhole();
  const putting = impatient.put(at(thread, first.id), second, METADATA, second.channel_versions);
  await eventually("new connections are tried", () => proxy.connections >= before + 2);
  // What was held back arrives as well, at the side of the repetition.
  proxy.restore();
  await putting;
  expect(await listed(thread)).toEqual([second.id, first.id]);
  await impatient.end();
});

it("C-71 setup() and every operation end with an error when the network stays partitioned", async () => {
  const saverOf = (schema: string): PostgresSaver =>
    PostgresSaver.fromConnString(proxy.url(server.url), {
      schema,
      statementTimeoutMs: 100,
      connectTimeoutMs: 100,
      retry: { maxAttempts: 3, maxDelayMs: 10 },
    });
  const [ready, fresh] = [saverOf("holdfast"), saverOf("fresh")];
  const thread = newThread();
  const checkpoint = checkpointOf({ n: 1 });
  await Promise.all([ready.getTuple(at(thread)), fresh.getTuple(at(thread)).catch(() => undefined)]);
  proxy.blackhole();
  const operations = {
    setup: () => fresh.setup(),
    getTuple: () => ready.getTuple(at(thread)),
    list: () => ready.list(at(thread)).next(),
    put: () => ready.put(at(thread), checkpoint, METADATA, checkpoint.channel_versions),
    putWrites: () => ready.putWrites(at(thread, checkpoint.id), [["a", 1]], "task"),
    deleteThread: () => ready.deleteThread(thread),
    getDeltaChannelHistory: () => ready.getDeltaChannelHistory({ config: at(thread, checkpoint.id), channels: ["a"] }),
  };
  for (const [name, run] of Object.entries(operations)) {
    await expect(run(), name).rejects.toMatchObject({
      code: "HOLDFAST_STORE_UNAVAILABLE",
      message: expect.stringContaining(`:${proxy.port}`),
    });
  }
  proxy.restore();
  expect(await ready.getTuple(at(thread)), "and when it ends, the same saver works").toBeUndefined();
  await Promise.all([ready.end(), fresh.end()]);
});

it("C-71 setup() whose network is partitioned in its middle is given up and tried again", async () => {
  const impatient = PostgresSaver.fromConnString(proxy.url(server.url), {
    schema: "partitioned",
    statementTimeoutMs: 300,
    connectTimeoutMs: 300,
    retry: { maxAttempts: 1_000, maxDelayMs: 100 },
  });
  let isPartitioned = false;
  // From here on nothing gets through, while the server holds the lock of the transaction that was begun.
  void proxy.cutBeforeRequest((request) => {
    if (request.includes("create table") && !isPartitioned) {
      isPartitioned = true;
      proxy.blackhole();
    }
    return false;
  });
  const settingUp = impatient.setup();
  await eventually("new connections are tried", () => isPartitioned && proxy.connections >= 2);
  proxy.restore();
  await settingUp;
  expect(await queryRows(server.url, "select version from partitioned.migration")).toEqual([{ version: 1 }]);
  await impatient.end();
});

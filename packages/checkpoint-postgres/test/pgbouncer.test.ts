import { counterGraph, runOrders, threadHistory, undisturbed } from "@holdfast/adapter-tests";
import { exclusive, PostgresSaver, type ThreadLease } from "@holdfast/checkpoint-postgres";
import { eventually, type PgBouncer, startPgBouncer, type TestDatabase, withDatabaseName } from "@holdfast/test-servers";
import type { RunnableConfig } from "@langchain/core/runnables";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
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

/** What a statement finds of a lease must be in the tables: the next one may run on another connection of the server. */
describe("leases through PgBouncer", () => {
  const on = (thread: string) => ({ configurable: { thread_id: thread } });
  const checkpoint = (id: string) => ({ v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} });
  const put = (saver: PostgresSaver, lease: { readonly config: RunnableConfig }, id: string) => {
    const configurable = { checkpoint_ns: "", ...lease.config.configurable };
    return saver.put({ configurable }, checkpoint(id), { source: "loop", step: 0, parents: {} }, {});
  };

  it("C-90 C-91 one of many gets a lease; the token of one that has ended writes nothing", async () => {
    const savers = Array.from({ length: 8 }, open);
    const outcomes = await Promise.allSettled(savers.map((saver) => saver.acquireThread("wanted", { ttlMs: 60_000 })));
    const granted = outcomes.flatMap((each, n) => (each.status === "fulfilled" ? [[savers[n], each.value] as const] : []));
    expect(granted).toHaveLength(1);
    const [[holder, lease]] = granted as [[PostgresSaver, ThreadLease]];
    for (const each of outcomes) {
      if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    }
    await put(holder, lease, "1");
    const other = open();
    await expect(put(other, { config: on("wanted") }, "2")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    const waiting = other.acquireThread("wanted", { ttlMs: 60_000, waitMs: 30_000 });
    await lease.release();
    const next = await waiting;
    expect(BigInt(next.token)).toBeGreaterThan(BigInt(lease.token));
    await expect(put(holder, lease, "3")).rejects.toMatchObject({ code: "HOLDFAST_LEASE_LOST" });
    await put(other, next, "4");
    await next.release();
    expect((await open().getTuple(on("wanted")))?.checkpoint.id).toBe("4");
  });

  it("C-92 a lease renews itself, while others keep both connections of the server at work", async () => {
    const [holder, other] = [open(), open()];
    const lease = await holder.acquireThread("renewed", { ttlMs: 1_000 });
    const begun = performance.now();
    await eventually("three times its time has passed", async () => {
      await Promise.all(Array.from({ length: 10 }, (_, n) => other.getTuple(on(`somebody ${n}`))));
      return performance.now() - begun > 3_000;
    });
    expect(lease.signal.aborted).toBe(false);
    await expect(other.acquireThread("renewed")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    await put(holder, lease, "1");
    await lease.release();
  });

  it("C-94 four savers add ten times each to one thread's number under exclusive: 40", async () => {
    const counters = Array.from({ length: 4 }, () => exclusive(counterGraph(open())));
    await Promise.all(
      counters.map(async (app) => {
        for (let n = 0; n < 10; n += 1) await app.invoke({ by: 1 }, on("counted"));
      }),
    );
    expect((await open().getTuple(on("counted")))?.checkpoint.channel_values.count).toBe(40);
  });

  it("C-96 of many who look for abandoned threads, each is claimed by one", async () => {
    const saver = open();
    const threads = Array.from({ length: 12 }, (_, n) => `abandoned ${n}`);
    for (const thread of threads) {
      const lease = await saver.acquireThread(thread, { ttlMs: 60_000 });
      await put(saver, lease, "1");
      await lease.handOver();
    }
    const claims = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const found: string[] = [];
        for await (const { threadId } of open().abandonedThreads({ ttlMs: 60_000 })) found.push(threadId);
        return found;
      }),
    );
    expect(claims.flat().sort()).toEqual([...threads].sort());
  });
});

import { failureOf, printed } from "@holdfast/adapter-tests";
import type { RedisSaver, RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { eventually, type RedisServer, startRedis, startRedisCluster, startRedisReplication } from "@holdfast/test-servers";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { afterEach, expect, it } from "vitest";
import { at, put, read, write } from "./checkpoints.js";
import { askedBy, closeCounted, openOn } from "./counted-savers.js";
import { inspectThread, keysUnder, onServer } from "./keyspace.js";
import { loadScripts } from "./redis-conformance.js";

const IMPATIENT: RedisSaverOptions = { retry: { maxAttempts: 3, minDelayMs: 1, maxDelayMs: 5 } };
const PATIENT: RedisSaverOptions = { retry: { maxAttempts: 10_000, maxElapsedMs: 50_000, minDelayMs: 1, maxDelayMs: 20 } };

const running: { stop(): Promise<void> }[] = [];
const savers: RedisSaver[] = [];
afterEach(async () => {
  await Promise.all(savers.splice(0).map(closeCounted));
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

async function start(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis({ private: true, ...options });
  running.push(server);
  return server;
}

function open(
  server: RedisServer,
  options: RedisSaverOptions = IMPATIENT,
  client: Omit<RedisOptions, "replyMapping"> = {},
): RedisSaver {
  const { host, port, password } = server;
  const saver = openOn(new Redis({ host, port, password, maxRetriesPerRequest: 0, ...client }), options);
  savers.push(saver);
  return saver;
}

/** What a failure says, and how often it was tried. */
async function failing(saver: RedisSaver, run: () => Promise<unknown>): Promise<{ error: Error; tries: number }> {
  const before = askedBy(saver).failures;
  const error = await failureOf(run);
  return { error, tries: askedBy(saver).failures - before };
}

/** The error, if it is this that the server says. */
async function failsBecauseOf(code: string, run: () => Promise<unknown>): Promise<Error | undefined> {
  const error = await failureOf(run);
  // A client of a cluster tells it in words of its own.
  return String((error.cause as Error).message).includes(`${code} `) ? error : undefined;
}

const causeOf = (code: string) => expect.objectContaining({ message: expect.stringMatching(new RegExp(`^${code} `)) });

it("C-70 C-71 READONLY, from a server that is a replica: tried within the budget, then unavailable; reading works", async () => {
  const replication = await startRedisReplication({ replicas: 1 });
  running.push(replication);
  const [replica] = replication.replicas as [RedisServer];
  await put(open(replication.master, { durability: { replicas: 1 } }), "thread");
  const saver = open(replica);
  expect(await read(saver, "thread")).toBeDefined();
  const { error, tries } = await failing(saver, () => put(saver, "thread", { id: "2" }));
  expect(error).toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE", cause: causeOf("READONLY") });
  expect(error.message).toContain(`127.0.0.1:${replica.port}`);
  // Each try is two commands: the entry in the index, too.
  expect(tries).toBeGreaterThanOrEqual(3);
  // As after a failover: it is made master while the write is tried.
  const patient = open(replica, PATIENT);
  const putting = put(patient, "thread", { id: "2", value: "after" });
  await eventually("it was refused", () => askedBy(patient).failures > 2);
  await onServer(replica.url, (redis) => redis.call("REPLICAOF", "NO", "ONE"));
  await putting;
  expect(await read(patient, "thread")).toBe("after");
});

it("C-70 C-71 LOADING, from a server that reads its data: tried within the budget until it has", async () => {
  // Each key takes 20 ms, and between two of them clients are answered.
  const settings = { "key-load-delay": "20000", "loading-process-events-interval-bytes": "1024" };
  const server = await start({ appendOnly: true, settings });
  await put(open(server), "thread", { value: "kept" });
  await onServer(server.url, (redis) =>
    redis.mset(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`other ${n}`, "x".repeat(2_000)]))),
  );
  await onServer(server.url, async (redis) => {
    await redis.bgrewriteaof();
    await eventually("what it has is in a form that it loads key by key", async () =>
      (await redis.info("persistence")).includes("aof_rewrite_in_progress:0"),
    );
  });
  await server.kill();
  // Else the client itself would wait.
  const [impatient, patient] = [IMPATIENT, PATIENT].map((options) => open(server, options, { enableReadyCheck: false })) as [
    RedisSaver,
    RedisSaver,
  ];
  const starting = server.start();
  const reading = read(patient, "thread");
  const error = await eventually("it is loading", () => failsBecauseOf("LOADING", () => read(impatient, "thread")));
  expect(error).toMatchObject({
    code: "HOLDFAST_STORE_UNAVAILABLE",
    message: expect.stringContaining(`127.0.0.1:${server.port}`),
  });
  expect(await reading).toBe("kept");
  await starting;
});

it("C-70 C-71 CLUSTERDOWN, while slots have no master: tried within the budget until they have one again", async () => {
  const cluster = await startRedisCluster({ masters: 3, replicas: 0, nodeTimeoutMs: 500, appendOnly: true });
  running.push(cluster);
  const connect = (): Cluster =>
    new Cluster([...cluster.nodes], {
      redisOptions: { password: cluster.password },
      maxRedirections: 1,
      retryDelayOnClusterDown: 1,
      retryDelayOnFailover: 1,
    });
  const [impatient, patient] = [openOn(connect(), IMPATIENT), openOn(connect(), PATIENT)];
  savers.push(impatient, patient);
  await loadScripts(openOn(connect(), {}));
  const lives = await cluster.masterOf("holdfast:{thread}:thread");
  await put(patient, "thread");
  const other = cluster.servers.find((server) => server !== lives) as RedisServer;
  await other.kill();
  const error = await eventually("the cluster counts itself as down", () =>
    failsBecauseOf("CLUSTERDOWN", () => read(impatient, "thread")),
  );
  expect(error).toMatchObject({
    code: "HOLDFAST_STORE_UNAVAILABLE",
    message: expect.stringContaining("the cluster of 127.0.0.1:"),
  });
  const before = askedBy(patient).failures;
  const putting = put(patient, "thread", { id: "2", value: "after" });
  await eventually("it was refused", () => askedBy(patient).failures - before > 2);
  await other.start();
  await putting;
  expect(await read(patient, "thread")).toBe("after");
});

/** Lets the server have as much memory as it uses now, or all there is. */
async function full(server: RedisServer, isFull: boolean): Promise<void> {
  await onServer(server.url, (redis) => redis.config("SET", "maxmemory", isFull ? "1mb" : "0"));
}

it("C-71 C-30 OOM, from a server that is full: an error at once, nothing half-written, and what is there can be read and deleted", async () => {
  const server = await start();
  await loadScripts(open(server));
  const saver = open(server);
  await put(saver, "there");
  await write(saver, "there");
  await put(saver, "also there");
  await (await saver.acquireThread("there")).release();
  const before = await keysUnder([server.url], "holdfast");
  await full(server, true);
  const large = { id: "2", value: "x".repeat(10_000) };
  const runs = {
    "a put to a thread": () => put(saver, "there", large),
    "a put that begins a thread": () => put(saver, "new", large),
    "a put that replaces": () => put(saver, "there"),
    "writes to a thread": () => write(saver, "there", "other"),
    "writes that begin a thread": () => write(saver, "new"),
    "a lease": () => saver.acquireThread("there"),
    "a lease of a new thread": () => saver.acquireThread("new"),
  };
  for (const [what, run] of Object.entries(runs)) {
    const { error, tries } = await failing(saver, run);
    expect(error, what).toMatchObject({ code: "HOLDFAST_STORE_FAILURE", cause: causeOf("OOM") });
    expect(error.message, what).toContain("maxmemory");
    // The operation and the entry beside it, and neither again.
    expect(tries, what).toBeLessThanOrEqual(2);
    expect(await keysUnder([server.url], "holdfast"), what).toEqual(before);
    expect(printed(error), "what was to be stored is no part of the error").not.toContain("xxx");
  }
  expect((await saver.getTuple(at("there")))?.checkpoint.id).toBe("1");
  expect((await saver.getTuple(at("there")))?.pendingWrites).toHaveLength(1);
  expect(await inspectThread([server.url], "holdfast", "new")).toMatchObject({ thread: 0, entries: 0, orphans: 0 });
  await saver.deleteThread("there");
  expect(await read(saver, "there"), "deleting makes room").toBeUndefined();
  await expect(write(saver, "there"), "and remembers what it deleted").rejects.toMatchObject({
    code: expect.stringMatching(/HOLDFAST_(THREAD_DELETED|STORE_FAILURE)/),
  });
  await full(server, false);
  await expect(write(open(server), "there")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_DELETED" });
  await put(saver, "new", large);
  expect(await read(saver, "new")).toBe(large.value);
});

it("C-71 NOPERM, from a server where the user may not do it: an error at once, without what was to be stored", async () => {
  const server = await start();
  await onServer(server.url, async (redis) => {
    await redis.call("ACL", "SETUSER", "reader", "on", ">reader-password", "~*", "+@all", "-evalsha", "-eval");
    await redis.call("ACL", "SETUSER", "stranger", "on", ">stranger-password", "~elsewhere:*", "+@all");
  });
  for (const user of ["reader", "stranger"]) {
    const saver = open(server, IMPATIENT, { username: user, password: `${user}-password` });
    const { error, tries } = await failing(saver, () => put(saver, "thread", { value: "confidential" }));
    expect(error, user).toMatchObject({ code: "HOLDFAST_STORE_FAILURE", cause: causeOf("NOPERM") });
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(tries).toBeLessThanOrEqual(2);
    expect(printed(error)).not.toMatch(/confidential|-password/);
    expect(await keysUnder([server.url], "holdfast")).toEqual([]);
  }
});

it("C-71 a key of the thread that is something else: an error at once", async () => {
  const server = await start();
  await onServer(server.url, (redis) => redis.set("holdfast:{thread}:thread", "somebody else's"));
  const saver = open(server);
  for (const run of [() => put(saver, "thread"), () => read(saver, "thread"), () => saver.deleteThread("thread")]) {
    const { error } = await failing(saver, run);
    expect(error).toMatchObject({ code: "HOLDFAST_STORE_FAILURE", cause: expect.any(Error) });
  }
});

it("C-70 a script that the server has forgotten is sent again, whatever the operation", async () => {
  const server = await start();
  const saver = open(server, { ...IMPATIENT, ttl: { defaultTTL: 60, refreshOnRead: true } });
  const forgetting = async (run: () => Promise<unknown>): Promise<unknown> => {
    await onServer(server.url, (redis) => redis.script("FLUSH"));
    return run();
  };
  await forgetting(() => put(saver, "thread"));
  await forgetting(() => write(saver, "thread"));
  expect(await forgetting(() => read(saver, "thread"))).toBeDefined();
  expect(((await forgetting(() => saver.list({}).next())) as IteratorResult<unknown>).done).toBe(false);
  await forgetting(() => saver.persist("thread"));
  const lease = await saver.acquireThread("thread");
  await forgetting(() => lease.release());
  await forgetting(() => saver.deleteThread("thread"));
  expect(await read(saver, "thread")).toBeUndefined();
});

it("C-71 a server that is full: what frees memory or gives a thread free works all the same", async () => {
  const server = await start();
  const saver = open(server, { ...IMPATIENT, retention: { keepLast: 1 } });
  await saver.setup();
  const ids = ["pruned", "swept", "deleted", "of a run", "idle"];
  for (const thread of ids) {
    for (const n of [1, 2, 3]) {
      const metadata = { run_id: `run ${n}` };
      const parent = n === 1 ? undefined : String(n - 1);
      await put(saver, thread, {
        id: String(n),
        value: `${n}`.repeat(5_000),
        config: () => ({ ...at(thread, parent), metadata }),
      });
      await saver.putWrites({ ...at(thread, String(n)), metadata }, [["a", `written ${n}`]], "task");
    }
  }
  const [released, handedOver, renewed] = await Promise.all(
    ["released", "handed over", "renewed"].map((thread) => saver.acquireThread(thread, { ttlMs: 600 })),
  );
  await full(server, true);
  await saver.setup();
  expect(await saver.ping()).toBeUndefined();
  expect(await saver.prune(["pruned"], { keepLast: 1, dryRun: true })).toMatchObject({ checkpoints: 2 });
  expect(await saver.prune(["pruned"], { keepLast: 1 })).toMatchObject({ checkpoints: 2 });
  await saver.deleteThread("deleted");
  expect(await saver.deleteForRuns(["run 3"])).toMatchObject({ threads: expect.any(Number) });
  expect(await saver.sweep({ dryRun: true })).toMatchObject({ end: "done", checkpoints: expect.any(Number) });
  expect(await saver.sweep()).toMatchObject({ end: "done" });
  expect(await saver.prune(["idle"], { strategy: "delete" })).toMatchObject({ deleted: 1 });
  await released?.release();
  await handedOver?.handOver();
  // Beyond the time for which it was given.
  await eventually("the lease was renewed", async () => {
    const held = await onServer(server.url, (redis) => redis.hget("holdfast:{renewed}:thread", "lease_until"));
    return Number(held) > Date.now() + 500 && renewed?.signal.aborted === false;
  });
  await renewed?.release();
  await full(server, false);
  expect(await read(saver, "swept")).toBe("2".repeat(5_000));
  const abandoned: string[] = [];
  for await (const { threadId, lease } of saver.abandonedThreads()) {
    abandoned.push(threadId);
    await lease.release();
  }
  expect(abandoned).toEqual([]);
  await (await saver.acquireThread("released")).release();
  await (await saver.acquireThread("handed over")).release();
});

import { printed } from "@holdfast/adapter-tests";
import type { RedisClient, RedisSaverOptions, ServerWarning } from "@holdfast/checkpoint-redis";
import {
  eventually,
  type RedisServer,
  type RedisSettings,
  startRedis,
  startRedisCluster,
  startRedisReplication,
} from "@holdfast/test-servers";
import { Cluster, Redis } from "ioredis";
import { Cluster as Cluster5 } from "ioredis5";
import { afterEach, expect, it } from "vitest";
import { put, read } from "./checkpoints.js";
import { closeCounted, openOn } from "./counted-savers.js";
import { onServer } from "./keyspace.js";

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

async function start(settings: RedisSettings = {}, appendOnly = true): Promise<RedisServer> {
  const server = await startRedis({ private: true, appendOnly, settings });
  running.push(server);
  return server;
}

async function setUp(client: RedisClient, options: RedisSaverOptions = {}): Promise<readonly ServerWarning[]> {
  const saver = openOn(client, options);
  const { warnings } = await saver.setup();
  await closeCounted(saver);
  return warnings;
}

/** With a type of its own for what INFO and CONFIG answer. */
const resp3 = (url: string): RedisClient => new Redis(url, { protocol: 3, replyMapping: "resp3" });

it("C-89 of a server that keeps what it is given, setup() has nothing to say", async () => {
  expect(await setUp(new Redis((await start()).url))).toEqual([]);
  const { url } = await start({ save: "3600 1" }, false);
  expect(await setUp(new Redis(url)), "snapshots are persistence, too").toEqual([]);
  expect(await setUp(resp3(url))).toEqual([]);
});

for (const policy of ["allkeys-lru", "volatile-ttl"]) {
  it(`C-89 setup() warns of the eviction policy ${policy}, which takes threads away`, async () => {
    const { url, port } = await start({ "maxmemory-policy": policy });
    const warnings = await setUp(new Redis(url));
    expect(warnings).toEqual([{ code: "EVICTION_POLICY", message: expect.stringContaining(policy) }]);
    expect(warnings[0]?.message).toContain(`127.0.0.1:${port}`);
  });
}

it("C-89 setup() warns of a server that keeps nothing on disk", async () => {
  const { url } = await start({}, false);
  for (const client of [new Redis(url), resp3(url)]) {
    expect((await setUp(client)).map(({ code }) => code)).toEqual(["NO_PERSISTENCE"]);
  }
});

it("C-89 setup() warns of a replica, and of a master with fewer replicas than writes wait for", async () => {
  const replication = await startRedisReplication({ replicas: 1, appendOnly: true });
  running.push(replication);
  expect((await setUp(new Redis(replication.replicas[0]?.url ?? ""))).map(({ code }) => code)).toEqual(["IS_REPLICA"]);
  const { url } = replication.master;
  expect(await setUp(new Redis(url), { durability: { replicas: 1 } })).toEqual([]);
  expect(await setUp(new Redis(url), { durability: { replicas: 2 } })).toEqual([
    { code: "TOO_FEW_REPLICAS", message: expect.stringContaining("asks for 2 replicas") },
  ]);
});

it("C-89 of a cluster, setup() asks the masters, even right after the client was made with all nodes", async () => {
  const cluster = await startRedisCluster({ replicas: 1, appendOnly: true });
  running.push(cluster);
  for (const client of [
    new Cluster5([...cluster.nodes], { redisOptions: { password: cluster.password } }),
    new Cluster([...cluster.nodes].reverse(), { redisOptions: { password: cluster.password } }),
  ]) {
    expect(await setUp(client, { durability: { replicas: 1 } })).toEqual([]);
  }
  const [master] = await cluster.masters();
  await onServer(master?.url ?? "", (redis) => redis.config("SET", "maxmemory-policy", "allkeys-lru"));
  const client = new Cluster([...cluster.nodes], { redisOptions: { password: cluster.password } });
  expect(
    (await setUp(client)).map(({ code }) => code),
    "of one master",
  ).toEqual(["EVICTION_POLICY"]);
});

it("C-89 each warning is one of the process, too, once, and none has the password", async () => {
  const told: (Error & { readonly code?: string })[] = [];
  const note = (warning: Error): void => void told.push(warning);
  process.on("warning", note);
  const server = await start({ "maxmemory-policy": "allkeys-lfu" }, false);
  const warnings = await setUp(new Redis(server.url));
  await setUp(new Redis(server.url));
  // Warnings come a moment later, in their order.
  process.emitWarning("that was all", { type: "LastWarning" });
  await eventually("the process was warned", () => told.at(-1)?.name === "LastWarning");
  process.off("warning", note);
  told.pop();
  expect(told.map(({ name, code, message }) => ({ name, code, message }))).toEqual(
    warnings.map((warning) => ({ name: "HoldfastWarning", ...warning })),
  );
  expect(printed([warnings, told])).not.toContain(server.password);
});

const restrictions: Record<
  string,
  { readonly settings?: RedisSettings; readonly acl?: readonly string[]; readonly told: readonly string[] }
> = {
  "an ACL without INFO": { acl: ["-info"], told: [] },
  "an ACL without INFO and CONFIG": { acl: ["-info", "-config"], told: [] },
  "an ACL without CONFIG": { acl: ["-config"], told: ["EVICTION_POLICY"] },
  "an ACL with little more than scripts": {
    acl: [
      "-@all",
      "+evalsha",
      "+eval",
      "+@hash",
      "+@sortedset",
      "+@set",
      "+time",
      "+unlink",
      "+exists",
      "+@keyspace",
      "-keys",
      "-scan",
      "+@connection",
    ],
    told: [],
  },
  "CONFIG renamed": { settings: { "rename-command": "CONFIG nobody-knows" }, told: ["EVICTION_POLICY"] },
};

for (const [what, { settings = {}, acl = [], told }] of Object.entries(restrictions)) {
  it(`C-89 behind ${what}, setup() says what it may see, and everything works`, async () => {
    const server = await start({ "maxmemory-policy": "allkeys-lru", ...settings }, false);
    await onServer(server.url, (redis) =>
      redis.call("ACL", "SETUSER", "app", "on", ">app-password", "~holdfast:*", "+@all", ...acl),
    );
    const options = { host: server.host, port: server.port, username: "app", password: "app-password", enableReadyCheck: false };
    expect((await setUp(new Redis(options))).map(({ code }) => code)).toEqual(told);
    const saver = openOn(new Redis(options), { ttl: { defaultTTL: 60, refreshOnRead: true } });
    await put(saver, "thread");
    const lease = await saver.acquireThread("thread");
    await lease.release();
    expect(await read(saver, "thread")).toBeDefined();
    expect(await saver.persist("thread")).toBe(true);
    for await (const { config } of saver.list({})) expect(config.configurable?.thread_id).toBe("thread");
    await saver.deleteThread("thread");
    expect(await read(saver, "thread")).toBeUndefined();
    await closeCounted(saver);
  });
}

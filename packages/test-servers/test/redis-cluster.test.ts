import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, type RedisCluster, redisRole, startRedisCluster } from "../src/index.js";
import { processState } from "../src/process-state.js";

let cluster: RedisCluster;
let client: Cluster;

beforeAll(async () => {
  cluster = await startRedisCluster({ masters: 3, replicas: 1 });
  client = new Cluster([...cluster.nodes], { redisOptions: { password: cluster.password } });
  // The client tells when a node goes away; the tests see to that.
  client.on("error", () => {});
});

afterAll(async () => {
  client.disconnect();
  await cluster.stop();
});

async function serverIdOf(key: string): Promise<string> {
  const node = new Redis((await cluster.masterOf(key)).url);
  try {
    return String(await node.call("CLUSTER", "MYID"));
  } finally {
    node.disconnect();
  }
}

test("keys are shared among the masters, each with a replica", async () => {
  const keys = Array.from({ length: 50 }, (_, n) => `key ${n}`);
  await Promise.all(keys.map((key) => client.set(key, key)));
  expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
  const masters = await cluster.masters();
  expect(masters).toEqual(cluster.servers.slice(0, 3));
  expect(new Set(await Promise.all(keys.map((key) => cluster.masterOf(key))))).toEqual(new Set(masters));
  for (const master of masters) {
    const [replica, ...others] = await cluster.replicasOf(master);
    expect(others).toEqual([]);
    expect(await Promise.all([redisRole(master), redisRole(replica as typeof master)])).toEqual(["master", "replica"]);
  }
});

test("masterOf takes keys with a hash tag, and slots", async () => {
  expect(await cluster.masterOf("{a}1")).toBe(await cluster.masterOf("{a}2"));
  expect(await Promise.all([0, 16_383].map((slot) => cluster.masterOf(slot)))).toEqual([cluster.servers[0], cluster.servers[2]]);
  await expect(cluster.masterOf(16_384)).rejects.toThrow("slot 16384");
});

test("when a master is killed, its replica takes its place; started again, the master follows it", async () => {
  const former = await cluster.masterOf("survivor");
  const [replica] = await cluster.replicasOf(former);
  await client.set("survivor", "still here");
  await eventually("the replica has it", async () => (await onReplicas("survivor")) >= 1);
  await former.kill();
  const next = await cluster.untilReplaced(former);
  expect(next).toBe(replica);
  expect(await cluster.masterOf("survivor")).toBe(next);
  expect(await client.get("survivor")).toBe("still here");
  await former.start();
  await eventually("the former master follows", async () => (await cluster.replicasOf(next)).includes(former));
  await eventually("it knows that it does", async () => (await redisRole(former)) === "replica");
});

test("failOver makes a replica of a master that lives on", async () => {
  const former = await cluster.masterOf("handed over");
  const before = await serverIdOf("handed over");
  await cluster.failOver(former);
  const next = await cluster.untilReplaced(former);
  expect(await serverIdOf("handed over")).not.toBe(before);
  expect(await redisRole(former)).toBe("replica");
  await client.set("handed over", 1);
  expect(await cluster.masterOf("handed over")).toBe(next);
});

test("stop ends all of them", async () => {
  const own = await startRedisCluster({ masters: 3, replicas: 0 });
  const pids = own.servers.map(({ pid }) => Number(pid));
  await expect(own.failOver(await own.masterOf("a"))).rejects.toThrow("no replica");
  await own.stop();
  expect(await Promise.all(pids.map(processState))).toEqual([undefined, undefined, undefined]);
});

/** How many replicas the master of the key says have got all it was told. */
async function onReplicas(key: string): Promise<number> {
  const node = new Redis((await cluster.masterOf(key)).url);
  try {
    await node.set(key, "still here");
    return await node.wait(1, 1_000);
  } finally {
    node.disconnect();
  }
}

import { randomUUID } from "node:crypto";
import { type RedisCluster, startRedisCluster } from "@holdfast/test-servers";
import { Cluster } from "ioredis";
import { Cluster as Cluster5 } from "ioredis5";
import { afterAll, beforeAll, expect, it } from "vitest";
import { put } from "./checkpoints.js";
import { askedBy, closeCounted, openOn } from "./counted-savers.js";
import { keysUnder } from "./keyspace.js";
import { callSuites, redisConformance, redisUpstream } from "./redis-conformance.js";

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({ masters: 3, replicas: 1 });
});
afterAll(async () => cluster?.stop());

const connect5 = () => new Cluster5([...cluster.nodes], { redisOptions: { password: cluster.password } });
const connect = (connectionName?: string) =>
  new Cluster([...cluster.nodes], { redisOptions: { password: cluster.password, connectionName } });

redisConformance({
  name: "a cluster, ioredis 6",
  connect,
  place: () => ({ kind: "cluster", nodes: [...cluster.nodes], password: cluster.password }),
  suites: callSuites,
  masters: async () => (await cluster.masters()).map(({ url }) => url),
});

redisUpstream({ name: "a cluster, ioredis 5", connect: connect5 });

it("C-50 in a cluster, too, a thread whose lease refuses deleteThread is in sight all the time, and one that is deleted leaves no entry", async () => {
  const keyPrefix = randomUUID();
  const [saver, other] = [openOn(connect5(), { keyPrefix }), openOn(connect5(), { keyPrefix })];
  const listed = async (): Promise<number> => {
    let found = 0;
    for await (const _ of other.list({})) found += 1;
    return found;
  };
  await put(other, "thread");
  const lease = await other.acquireThread("thread");
  const seen: number[] = [];
  askedBy(saver).before = async () => void seen.push(await listed());
  await expect(saver.deleteThread("thread")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
  askedBy(saver).before = undefined;
  expect([...seen, await listed()]).toEqual([...seen.map(() => 1), 1]);
  await lease.release();
  await saver.deleteThread("thread");
  const urls = (await cluster.masters()).map(({ url }) => url);
  expect(await keysUnder(urls, keyPrefix)).toEqual([expect.stringContaining("tombstone")]);
  await Promise.all([saver, other].map(closeCounted));
});

import { randomUUID } from "node:crypto";
import { type RedisCluster, startRedisCluster } from "@holdfast/test-servers";
import { Cluster } from "ioredis";
import { Cluster as Cluster5 } from "ioredis5";
import { afterAll, beforeAll, expect, it } from "vitest";
import { askedBy, closeCounted, openOn } from "./counted-savers.js";
import { loadScripts, redisConformance, redisUpstream } from "./redis-conformance.js";

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
  masters: async () => (await cluster.masters()).map(({ url }) => url),
  isCluster: true,
});

redisUpstream({ name: "a cluster, ioredis 5", connect: connect5 });

it("C-84 in a cluster deleteThread takes two round trips: first goes the entry in the index, which is on another server", async () => {
  const keyPrefix = randomUUID();
  await loadScripts(openOn(connect5(), { keyPrefix }));
  const saver = openOn(connect5(), { keyPrefix });
  const config = { configurable: { thread_id: "thread", checkpoint_ns: "" } };
  const checkpoint = { v: 4, id: "1", ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, {});
  const before = askedBy(saver).roundTrips;
  await saver.deleteThread("thread");
  expect(askedBy(saver).roundTrips - before).toBe(2);
  await closeCounted(saver);
});

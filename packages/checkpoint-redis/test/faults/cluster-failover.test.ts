import { eventually, type RedisCluster, type RedisServer, startRedisCluster } from "@holdfast/test-servers";
import { Cluster } from "ioredis";
import { Cluster as Cluster5 } from "ioredis5";
import { afterAll, beforeAll } from "vitest";
import { failoverTests } from "./failover.js";

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({ masters: 3, replicas: 1 });
});
afterAll(async () => cluster?.stop());

/** The master that has the first thread's slot; any other has some, too. */
async function pair() {
  const master = await cluster.masterOf("{thread 0}");
  const [replica] = await cluster.replicasOf(master);
  if (replica === undefined) throw new Error("There is no replica.");
  return [master, replica] as const;
}

async function untilReplaced(master: RedisServer): Promise<void> {
  const next = await cluster.untilReplaced(master);
  await master.start();
  await eventually("the former master follows", async () => (await cluster.replicasOf(next)).includes(master));
}

failoverTests(() => ({ servers: cluster.servers, pair, untilReplaced }), {
  "ioredis 5": (connectionName) => {
    const client = new Cluster5([...cluster.nodes], { redisOptions: { password: cluster.password, connectionName } });
    client.on("error", () => {});
    return client;
  },
  "ioredis 6": (connectionName) => {
    const client = new Cluster([...cluster.nodes], { redisOptions: { password: cluster.password, connectionName } });
    client.on("error", () => {});
    return client;
  },
});

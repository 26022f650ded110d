import { randomUUID } from "node:crypto";
import { runOrders } from "@holdfast/adapter-tests";
import { type RedisClient, RedisSaver } from "@holdfast/checkpoint-redis";
import { type RedisCluster, startRedisCluster } from "@holdfast/test-servers";
import { Cluster, Redis } from "ioredis5";
import { Cluster as Cluster6, Redis as Redis6 } from "ioredis";
import { afterAll, beforeAll, expect, inject, it } from "vitest";

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({ masters: 3, replicas: 0 });
});
afterAll(async () => cluster?.stop());

const AUTOMATIC = { enableAutoPipelining: true };
const CLIENTS: Readonly<Record<string, () => RedisClient>> = {
  "ioredis 5": () => new Redis(inject("holdfastRedisUrl"), AUTOMATIC),
  "ioredis 6": () => new Redis6(inject("holdfastRedisUrl"), AUTOMATIC),
  "ioredis 5, a cluster": () =>
    new Cluster([...cluster.nodes], { ...AUTOMATIC, redisOptions: { ...AUTOMATIC, password: cluster.password } }),
  "ioredis 6, a cluster": () =>
    new Cluster6([...cluster.nodes], { ...AUTOMATIC, redisOptions: { ...AUTOMATIC, password: cluster.password } }),
};

for (const [name, connect] of Object.entries(CLIENTS)) {
  it(`C-80 C-88 a client that makes pipelines by itself is as good as any other, in setup(), too (${name})`, async () => {
    const client = connect();
    const saver = new RedisSaver(client, { keyPrefix: randomUUID() });
    expect(await saver.setup()).toEqual({ warnings: expect.any(Array) });
    await runOrders(saver, "orders", ["first", "second"]);
    expect((await saver.stats()).threads).toBe(1);
    await (await saver.acquireThread("orders")).release();
    await saver.deleteThread("orders");
    expect((await saver.list({}).next()).done).toBe(true);
    client.disconnect();
  });
}

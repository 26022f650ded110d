import { type RedisSentinel, startRedisSentinel } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { afterAll, beforeAll } from "vitest";
import { failoverTests } from "./failover.js";
import { sentinelPair } from "./sentinel-pair.js";

let group: RedisSentinel;

beforeAll(async () => {
  group = await startRedisSentinel();
});
afterAll(async () => group?.stop());

const named = (connectionName: string) => {
  const { sentinels, name, password } = group;
  return { sentinels: [...sentinels], name, password, connectionName };
};

failoverTests(() => sentinelPair(group), {
  "a client of the saver's own": named,
  "ioredis 5": (name) => {
    const client = new Redis5(named(name));
    client.on("error", () => {});
    return client;
  },
  "ioredis 6": (name) => {
    const client = new Redis({ ...named(name), maxRetriesPerRequest: 0 });
    client.on("error", () => {});
    return client;
  },
});

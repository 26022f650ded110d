import { type RedisSentinel, type RedisServer, startRedisSentinel } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { Redis as Redis6 } from "ioredis6";
import { afterAll, beforeAll } from "vitest";
import { failoverTests } from "./failover.js";

let group: RedisSentinel;

beforeAll(async () => {
  group = await startRedisSentinel();
});
afterAll(async () => group?.stop());

async function pair() {
  const master = await group.master();
  const [replica] = group.servers.filter((server) => server !== master);
  if (replica === undefined) throw new Error("There is no replica.");
  return [master, replica] as const;
}

async function untilReplaced(master: RedisServer): Promise<void> {
  await group.untilReplaced(master);
  // Not before: it would come back with nothing, and the replica would take that over.
  await master.start();
  await group.untilInSync();
}

const named = (connectionName: string) => {
  const { sentinels, name, password } = group;
  return { sentinels: [...sentinels], name, password, connectionName };
};

failoverTests(() => ({ servers: group.servers, pair, untilReplaced }), {
  "a client of the saver's own": named,
  "ioredis 5": (name) => {
    const client = new Redis(named(name));
    client.on("error", () => {});
    return client;
  },
  "ioredis 6": (name) => {
    const client = new Redis6({ ...named(name), maxRetriesPerRequest: 0 });
    client.on("error", () => {});
    return client;
  },
});

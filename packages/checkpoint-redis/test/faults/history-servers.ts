import { randomUUID } from "node:crypto";
import type { HistoryTarget, ServersTarget, TestStore } from "@holdfast/adapter-tests";
import type { RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { eventually, type RedisServer, startRedis, startRedisCluster, startRedisSentinel } from "@holdfast/test-servers";
import { historyTarget } from "../history-target.js";
import { keysUnder, onServer, threadKey } from "../keyspace.js";
import { groupStoreUrl, openStore, partsOfStoreUrl, type RedisGroup, storeUrl, withNatMap } from "../store-url.js";
import { underneath } from "../underneath.js";
import { cutReplication, sentinelPair } from "./sentinel-pair.js";

/** A server that is killed and started again, and whose counters are as after a long life. */
export async function restartedServer(): Promise<ServersTarget> {
  const server = await startRedis({ private: true, appendOnly: true });
  return {
    ...historyTarget,
    openStore: async () => storeOn(storeUrl(server.url, randomUUID())),
    servers: {
      async restart() {
        await server.kill();
        await server.start();
      },
      moveCounters,
    },
    stop: () => server.stop(),
  };
}

/** On a busy machine, a server that says nothing for a second may still be there: a failover that nobody ordered would be taken for a loss. */
const DOWN_AFTER_MS = 3_000;

/** @param mayLose what the judge is told. Default: as the durability is. */
export async function sentinelServers(replicas?: number, mayLose = replicas === undefined): Promise<ServersTarget> {
  const group = await startRedisSentinel({ downAfterMs: DOWN_AFTER_MS });
  const { pair, untilReplaced } = sentinelPair(group);
  const { sentinels: addresses, name, password, servers } = group;
  return {
    ...groupTarget({ sentinels: { addresses, name }, password, ...(replicas && { replicas }) }, servers, () => group.master()),
    servers: {
      replica: replicaOf({ mayLose, pair, untilReplaced: (master) => group.untilReplaced(master), follow: untilReplaced }),
    },
    stop: () => group.stop(),
  };
}

/** @param mayLose what the judge is told. Default: as the durability is. */
export async function clusterServers(replicas?: number, mayLose = replicas === undefined): Promise<ServersTarget> {
  const cluster = await startRedisCluster({ masters: 3, replicas: 1, nodeTimeoutMs: DOWN_AFTER_MS });
  const { nodes, password, servers } = cluster;
  let shard = 0;
  const pair = async () => {
    // Each has its turn: which threads are where, nobody chooses.
    const masters = await cluster.masters();
    shard += 1;
    const master = masters[shard % masters.length] as RedisServer;
    const [replica] = await cluster.replicasOf(master);
    if (replica === undefined) throw new Error("There is no replica.");
    return [master, replica] as const;
  };
  const follow = async (master: RedisServer): Promise<void> => {
    const next = await cluster.untilReplaced(master);
    await master.start();
    await eventually("the former master follows", async () => (await cluster.replicasOf(next)).includes(master));
    await untilSame(next, master);
  };
  return {
    ...groupTarget({ nodes, password, ...(replicas && { replicas }) }, servers, (key) => cluster.masterOf(key)),
    servers: { replica: replicaOf({ mayLose, pair, untilReplaced: (master) => cluster.untilReplaced(master), follow }) },
    stop: () => cluster.stop(),
  };
}

interface Failover {
  readonly mayLose: boolean;
  pair(): Promise<readonly [master: RedisServer, replica: RedisServer]>;
  untilReplaced(master: RedisServer): Promise<RedisServer>;
  /** Starts a former master as a replica. */
  follow(master: RedisServer): Promise<void>;
}

function replicaOf({ mayLose, pair, untilReplaced, follow }: Failover) {
  let cutOff: { readonly master: RedisServer; readonly replica: RedisServer; undo(): Promise<void> } | undefined;
  const ofCutOff = () => {
    if (cutOff === undefined) throw new Error("The replica is not behind.");
    return cutOff;
  };
  return {
    mayLose,
    async fallBehind() {
      const [master, replica] = await pair();
      await untilSame(master, replica);
      cutOff = { master, replica, undo: await cutReplication(master, replica) };
    },
    async catchUp() {
      const { master, replica, undo } = ofCutOff();
      await undo();
      await untilSame(master, replica);
      cutOff = undefined;
    },
    async failOver() {
      const { master, undo } = ofCutOff();
      await master.kill();
      await untilReplaced(master);
      await undo();
    },
    async recover() {
      await follow(ofCutOff().master);
      cutOff = undefined;
    },
  };
}

/** Until the replica has what the master had when this was called. */
async function untilSame(master: RedisServer, replica: RedisServer): Promise<void> {
  const written = await onServer(master.url, async (redis) =>
    Number(/master_repl_offset:(\d+)/.exec(await redis.info("replication"))?.[1]),
  );
  await eventually(
    "the replica has what the master has",
    () =>
      onServer(replica.url, async (redis) => {
        const info = await redis.info("replication");
        return info.includes("master_link_status:up") && Number(/slave_repl_offset:(\d+)/.exec(info)?.[1]) >= written;
      }),
    { timeoutMs: 60_000 },
  );
}

function groupTarget(
  group: RedisGroup,
  servers: readonly RedisServer[],
  masterOf: (key: string) => Promise<RedisServer>,
): HistoryTarget {
  return {
    ...historyTarget,
    openStore: async () => storeOn(groupStoreUrl(group, randomUUID())),
    addresses: servers,
    through: (network, url) => withNatMap(url, network.natMap),
    open: (url, options) => openStore(url, options as RedisSaverOptions),
    close: (saver) => saver.end(),
    async inspect(url, threadId) {
      const { keyPrefix } = partsOfStoreUrl(url);
      const master = await masterOf(threadKey(keyPrefix, threadId, "thread"));
      return underneath(master.url, keyPrefix, threadId);
    },
  };
}

/** Its servers go with all that is in it. */
const storeOn = (url: string): TestStore => ({ url, drop: async () => {} });

/** So far a count of commits may go: it orders as a double. */
const MOST_COMMITS = 2n ** 53n - 10_000n;

async function moveCounters(url: string, prefix: string, value: bigint): Promise<void> {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const keys = (await keysUnder([server], keyPrefix)).filter(
    (key) => key.startsWith(`${keyPrefix}:{${prefix}`) && key.endsWith(":thread"),
  );
  const script = `
local function raise(field, least)
  if tonumber(redis.call('HGET', KEYS[1], field) or 0) < tonumber(least) then redis.call('HSET', KEYS[1], field, least) end
end
raise('epoch', ARGV[1])
raise('commits', ARGV[2])
local token = redis.call('HGET', KEYS[1], 'lease_token')
-- The token of a lease that somebody has is not a counter: whoever has it would lose it.
if token and redis.call('HEXISTS', KEYS[1], 'lease_until') == 0 and tonumber(string.sub(token, 1, -19)) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'lease_token', ARGV[1] .. string.sub(token, -18))
end`;
  const commits = value < MOST_COMMITS ? value : MOST_COMMITS;
  await onServer(server, async (redis) => {
    for (const key of keys) {
      // It may have gone meanwhile.
      await redis.eval(`if redis.call('EXISTS', KEYS[1]) == 0 then return end ${script}`, 1, key, String(value), String(commits));
    }
  });
}

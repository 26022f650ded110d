import { randomUUID } from "node:crypto";
import { givenUpTests } from "@holdfast/adapter-tests";
import { type RedisClient, RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";
import {
  type ProxiedServers,
  startProxiedServers,
  type RedisCluster,
  type RedisSentinel,
  startRedisCluster,
  startRedisSentinel,
} from "@holdfast/test-servers";
import { Cluster, type ClusterNode, Redis } from "ioredis5";
import { Cluster as Cluster6, Redis as Redis6, type RedisOptions } from "ioredis";
import { afterAll, beforeAll, describe, inject } from "vitest";
import { keysUnder, onServer } from "./keyspace.js";

/** A store, the network to it, and who may be told of it: options for a client of the saver's own, or a client. */
interface Topology {
  readonly urls: readonly string[];
  readonly network: ProxiedServers;
  /** Options that lead to it through the network, and those that do past it. */
  connect(client: string): RedisClient | RedisOptions;
  direct(): RedisClient | RedisOptions;
  stop(): Promise<void>;
}

/** Tries soon and often, so that it is back as soon as the network is. */
const EAGER = { retryStrategy: () => 20, connectTimeout: 200 };

/** What clients may be told about commands that they cannot send, or have no answer to. */
const OPTIONS: Readonly<
  Record<
    string,
    Pick<
      RedisOptions,
      "maxRetriesPerRequest" | "enableOfflineQueue" | "enableAutoPipelining" | "commandTimeout" | "autoResendUnfulfilledCommands"
    >
  >
> = {
  "as it is by default": {},
  "maxRetriesPerRequest: null": { maxRetriesPerRequest: null },
  "enableOfflineQueue: false": { enableOfflineQueue: false, maxRetriesPerRequest: null },
  "autoResendUnfulfilledCommands: false": { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: null },
  "enableAutoPipelining: true": { enableAutoPipelining: true, maxRetriesPerRequest: null },
  "commandTimeout: 50": { commandTimeout: 50, maxRetriesPerRequest: null },
};
/** Options are of either version: they differ in what is not used here. */
const VERSIONS = {
  "ioredis 5": {
    redis: (options: object): RedisClient => new Redis(options),
    cluster: (nodes: ClusterNode[], options: object): RedisClient => new Cluster(nodes, options),
  },
  "ioredis 6": {
    redis: (options: object): RedisClient => new Redis6(options),
    cluster: (nodes: ClusterNode[], options: object): RedisClient => new Cluster6(nodes, options),
  },
} as const;
type Version = keyof typeof VERSIONS;

const quietly = (client: RedisClient): RedisClient => {
  client.on("error", () => {});
  return client;
};

function clientOf(name: string): { readonly version: Version; readonly options: RedisOptions } {
  const [version, options] = name.split(", ") as [Version, string];
  return { version, options: OPTIONS[options] ?? {} };
}
const VERSION_NAMES = Object.keys(VERSIONS);
const CLIENTS = VERSION_NAMES.flatMap((version) => Object.keys(OPTIONS).map((options) => `${version}, ${options}`));

async function oneServer(): Promise<Topology> {
  const url = inject("holdfastRedisUrl");
  const { hostname, port, username, password } = new URL(url);
  const there = { host: hostname, port: Number(port) };
  const network = await startProxiedServers([there]);
  const [through] = Object.values(network.natMap);
  const access = { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
  return {
    urls: [url],
    network,
    connect(name) {
      const options = { ...EAGER, ...access, ...through };
      if (name === "the saver's own") return options;
      const { version, options: more } = clientOf(name);
      return quietly(VERSIONS[version].redis({ ...options, ...more }));
    },
    direct: () => ({ ...there, ...access }),
    stop: () => network.stop(),
  };
}

async function cluster(): Promise<Topology> {
  const servers: RedisCluster = await startRedisCluster({ masters: 3, replicas: 0 });
  const { nodes, password } = servers;
  const network = await startProxiedServers(nodes);
  return {
    urls: servers.servers.map(({ url }) => url),
    network,
    connect(name) {
      const { version, options } = clientOf(name);
      const { enableOfflineQueue, enableAutoPipelining, ...more } = options;
      const ofCluster = {
        ...(enableOfflineQueue === undefined ? {} : { enableOfflineQueue }),
        ...(enableAutoPipelining === undefined ? {} : { enableAutoPipelining }),
      };
      const redisOptions = { password, ...EAGER, ...more };
      const all = { natMap: network.natMap, clusterRetryStrategy: () => 20, ...ofCluster, redisOptions };
      return quietly(VERSIONS[version].cluster(Object.values(network.natMap), all));
    },
    direct: () => new Cluster([...nodes], { redisOptions: { password } }),
    stop: async () => {
      await network.stop();
      await servers.stop();
    },
  };
}

async function sentinel(): Promise<Topology> {
  const group: RedisSentinel = await startRedisSentinel();
  const network = await startProxiedServers(group.servers);
  const { sentinels, name, password } = group;
  return {
    urls: [(await group.master()).url],
    network,
    connect(client) {
      const { version, options } = clientOf(client);
      const all = { sentinels: [...sentinels], name, password, natMap: network.natMap, ...EAGER, ...options };
      return quietly(VERSIONS[version].redis(all));
    },
    direct: () => ({ sentinels: [...sentinels], name, password }),
    stop: async () => {
      await network.stop();
      await group.stop();
    },
  };
}

/** What a key holds. Not as DUMP has it: that has a hash in an order which changes when it is read. */
const HOLDING: Readonly<Record<string, (redis: Redis6, key: string) => Promise<readonly unknown[]>>> = {
  hash: async (redis, key) =>
    Object.entries(await redis.hgetallBuffer(key))
      .map(([field, value]) => `${field} ${value.toString("latin1")}`)
      .sort(),
  zset: (redis, key) => redis.zrangeBuffer(key, "0", "-1", "WITHSCORES"),
};

/** Everything that is stored, key by key. */
async function contents(urls: readonly string[], keyPrefix: string): Promise<Record<string, unknown>> {
  const found = await Promise.all(
    urls.map((url) =>
      onServer(url, async (redis) => {
        const keys = await keysUnder([url], keyPrefix);
        return Promise.all(keys.map(async (key) => [key, await HOLDING[await redis.type(key)]?.(redis, key)] as const));
      }),
    ),
  );
  return Object.fromEntries(found.flat());
}

/** Registers the tests of one kind of Redis, by each of these clients. */
function givenUpBy(name: string, start: () => Promise<Topology>, clients: readonly string[], more: RedisSaverOptions = {}): void {
  describe(name, () => {
    let topology: Topology;
    beforeAll(async () => {
      topology = await start();
    });
    afterAll(async () => topology?.stop());

    for (const client of clients) {
      givenUpTests<RedisSaver>({
        client,
        network: () => topology.network,
        more: { persist: (saver, thread) => saver.persist(thread) },
        async openStore() {
          const keyPrefix = randomUUID();
          const opened: { readonly saver: RedisSaver; readonly redis: RedisClient | RedisOptions }[] = [];
          const open = (redis: RedisClient | RedisOptions, options: RedisSaverOptions): RedisSaver => {
            const saver = new RedisSaver(redis, { keyPrefix, ...more, ...options });
            opened.push({ saver, redis });
            return saver;
          };
          return {
            open: ({ timeoutMs, ...options }) => open(topology.connect(client), { commandTimeoutMs: timeoutMs, ...options }),
            openDirect: () => open(topology.direct(), {}),
            contents: () => contents(topology.urls, keyPrefix),
            async drop() {
              for (const { saver, redis } of opened) {
                await saver.end();
                if ("disconnect" in redis) redis.disconnect();
              }
            },
          };
        },
      });
    }
  });
}

const KEEPING = VERSION_NAMES.map((version) => `${version}, maxRetriesPerRequest: null`);
/** The write and WAIT travel in a pipeline. Nothing here depends on whether there is a replica. */
const WITH_WAIT: RedisSaverOptions = { durability: { replicas: 1, timeoutMs: 1, whenShort: "warn" } };

givenUpBy("one server", oneServer, ["the saver's own", ...CLIENTS]);
givenUpBy("one server, with durability", oneServer, ["the saver's own", ...KEEPING], WITH_WAIT);
givenUpBy("a cluster", cluster, CLIENTS);
givenUpBy("a cluster, with durability", cluster, KEEPING, WITH_WAIT);
givenUpBy("sentinels", sentinel, KEEPING);

import { freeClusterPort } from "./free-port.js";
import { eventually } from "./gate.js";
import { type ClusterNode, clusterNodes } from "./redis-cluster-nodes.js";
import { onRedis } from "./redis-connection.js";
import { RedisProcess } from "./redis-process.js";
import { untilInSync } from "./redis-replication.js";
import { type RedisDataOptions, type RedisServer, settingsOf } from "./redis-server.js";
import { findRedis } from "./resolve-redis.js";
import { startTogether, stopAll } from "./start-together.js";

export interface StartRedisClusterOptions extends RedisDataOptions {
  /** Default 3, the fewest that can decide on a failover. */
  readonly masters?: number;
  /** Of each master. Default 1. */
  readonly replicas?: number;
  /** How long a node must say nothing until the others count it as down. Default 1,500. */
  readonly nodeTimeoutMs?: number;
}

/** Masters that share the keys among them, and replicas that take over from them. */
export interface RedisCluster {
  /** For a client: `new Cluster(nodes, { redisOptions: { password } })`. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly password: string;
  /** First the masters, then the replicas, as they were at the start. */
  readonly servers: readonly RedisServer[];
  /** The servers that are masters of slots now, as most nodes see it, those that are down included. */
  masters(): Promise<RedisServer[]>;
  /** The master of a key, or of a slot if a number is given. */
  masterOf(keyOrSlot: string | number): Promise<RedisServer>;
  replicasOf(master: RedisServer): Promise<RedisServer[]>;
  /** A failover as an administrator orders it: a replica takes the place of this master, which lives on as its replica. */
  failOver(master: RedisServer): Promise<void>;
  /** Until all nodes that run agree on who took this master's place, and none of them counts the cluster as down. Gives the new master. */
  untilReplaced(former: RedisServer): Promise<RedisServer>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

export async function startRedisCluster(options: StartRedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters: masterCount = 3, replicas: replicaCount = 1, nodeTimeoutMs = 1_500, source } = options;
  const settings = {
    "cluster-enabled": "yes",
    "cluster-node-timeout": String(nodeTimeoutMs),
    ...settingsOf(options),
  };
  const binary = await findRedis(source);
  const servers = await startTogether(masterCount * (1 + replicaCount), () =>
    RedisProcess.create(binary, { settings, choosePort: freeClusterPort }),
  );
  try {
    const masters = servers.slice(0, masterCount);
    const replicas = servers.slice(masterCount);
    await shareSlots(masters);
    await introduce(servers);
    const followers = await follow(masters, replicas);
    await untilAllAgree(servers, masters);
    await Promise.all(masters.map((master, n) => untilInSync(master, followers[n] ?? [])));
    return new Cluster(
      servers,
      masters.map((master, n) => [master, ...(followers[n] ?? [])]),
    );
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
}

async function shareSlots(masters: readonly RedisServer[]): Promise<void> {
  await Promise.all(
    masters.map((master, n) => {
      const [first, end] = [firstSlotOf(n, masters.length), firstSlotOf(n + 1, masters.length)];
      return onRedis(master.url, (redis) =>
        // Not ADDSLOTSRANGE, which Redis 6.2 does not have.
        redis.call("CLUSTER", "ADDSLOTS", ...Array.from({ length: end - first }, (_, slot) => first + slot)),
      );
    }),
  );
}

function firstSlotOf(n: number, masterCount: number): number {
  return Math.ceil((n * SLOTS) / masterCount);
}

async function introduce(servers: readonly RedisServer[]): Promise<void> {
  // Else they begin with the same, and take seconds to settle on different ones. A node that has met another refuses.
  await Promise.all(servers.map((server, n) => onRedis(server.url, (redis) => redis.call("CLUSTER", "SET-CONFIG-EPOCH", n + 1))));
  await Promise.all(
    servers.map((server) =>
      onRedis(server.url, async (redis) => {
        // Everybody with everybody: gossip would get there, too, but later.
        for (const other of servers) if (other !== server) await redis.call("CLUSTER", "MEET", other.host, other.port);
      }),
    ),
  );
  await eventually("the nodes of the cluster know each other", async () => {
    const known = await Promise.all(servers.map(clusterNodes));
    return known.every((nodes) => nodes.length === servers.length && nodes.every((node) => node.isLinked));
  });
}

/** @returns for each master its replicas. */
async function follow(masters: readonly RedisServer[], replicas: readonly RedisServer[]): Promise<RedisServer[][]> {
  const ids = await Promise.all(masters.map((master) => onRedis(master.url, (redis) => redis.call("CLUSTER", "MYID"))));
  const followers: RedisServer[][] = masters.map(() => []);
  await Promise.all(
    replicas.map(async (replica, n) => {
      followers[n % masters.length]?.push(replica);
      await onRedis(replica.url, (redis) => redis.call("CLUSTER", "REPLICATE", ids[n % masters.length] as string));
    }),
  );
  return followers;
}

async function untilAllAgree(servers: readonly RedisServer[], masters: readonly RedisServer[]): Promise<void> {
  await eventually(
    "all nodes of the cluster agree on who is who",
    async () => {
      const views = await Promise.all(servers.map(clusterNodes));
      const ports = new Set(masters.map((master) => master.port));
      const isSettled = views.every((nodes) => nodes.every((node) => node.isMaster === ports.has(node.port) && !node.isFailing));
      return isSettled && (await areUp(servers));
    },
    { timeoutMs: 30_000 },
  );
}

/** Whether each of the nodes serves its slots, and knows who serves the others. */
async function areUp(servers: readonly RedisServer[]): Promise<boolean> {
  const states = await Promise.all(
    servers.map((server) =>
      onRedis(server.url, async (redis) => {
        const info = String(await redis.call("CLUSTER", "INFO"));
        return info.includes("cluster_state:ok") && info.includes(`cluster_slots_ok:${SLOTS}`);
      }),
    ),
  );
  return states.every(Boolean);
}

class Cluster implements RedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly password: string;
  readonly servers: readonly RedisServer[];
  /** A master and its replicas, whichever of them is the master now. */
  readonly #shards: readonly (readonly RedisServer[])[];

  constructor(servers: readonly RedisServer[], shards: readonly (readonly RedisServer[])[]) {
    this.servers = servers;
    this.password = servers[0]?.password ?? "";
    this.nodes = servers.map(({ host, port }) => ({ host, port }));
    this.#shards = shards;
  }

  async masters(): Promise<RedisServer[]> {
    return this.#serversOf((await this.#newestView()).filter((node) => node.slots.length > 0));
  }

  async masterOf(keyOrSlot: string | number): Promise<RedisServer> {
    const slot = typeof keyOrSlot === "number" ? keyOrSlot : await this.#slotOf(keyOrSlot);
    const view = await this.#newestView();
    const [master] = this.#serversOf(view.filter(({ slots }) => slots.some(([from, to]) => from <= slot && slot <= to)));
    if (master === undefined) throw new Error(`No node of the cluster has slot ${slot}.`);
    return master;
  }

  async replicasOf(master: RedisServer): Promise<RedisServer[]> {
    const view = await this.#newestView();
    const id = view.find((node) => node.port === master.port)?.id;
    return this.#serversOf(view.filter((node) => node.masterId === id));
  }

  async failOver(master: RedisServer): Promise<void> {
    const [replica] = await this.replicasOf(master);
    if (replica === undefined) throw new Error(`The master on port ${master.port} has no replica to take its place.`);
    // A replica that is not gives up after a while, and says nothing.
    await untilInSync(master, [replica]);
    await onRedis(replica.url, (redis) => redis.call("CLUSTER", "FAILOVER"));
  }

  untilReplaced(former: RedisServer): Promise<RedisServer> {
    const heirs = this.#shards.find((shard) => shard.includes(former))?.filter((server) => server !== former) ?? [];
    return eventually(
      "the nodes of the cluster agree on another master",
      async () => {
        // Not the former: it may stand still.
        const asked = this.#running.filter((server) => server !== former);
        const views = await Promise.all(asked.map(clusterNodes));
        const next = heirs.find((heir) =>
          views.every((nodes) => nodes.some(({ port, slots }) => port === heir.port && slots.length > 0)),
        );
        return next !== undefined && (await areUp(asked)) ? next : undefined;
      },
      { timeoutMs: 60_000 },
    );
  }

  stop(): Promise<void> {
    return stopAll(this.servers);
  }

  get #running(): RedisServer[] {
    return this.servers.filter(({ pid }) => pid !== undefined);
  }

  /** Of the nodes' views, the one that knows of the latest failover. */
  async #newestView(): Promise<ClusterNode[]> {
    const outcomes = await Promise.allSettled(this.#running.map(clusterNodes));
    const views = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const epochOf = (view: ClusterNode[]) => Math.max(...view.map((node) => node.configEpoch));
    const [newest] = views.sort((a, b) => epochOf(b) - epochOf(a));
    if (newest === undefined) throw new Error("No node of the cluster answers.");
    return newest;
  }

  /** By the servers' own arithmetic. */
  #slotOf(key: string): Promise<number> {
    return Promise.any(
      this.#running.map(({ url }) => onRedis(url, async (redis) => Number(await redis.call("CLUSTER", "KEYSLOT", key)))),
    );
  }

  #serversOf(nodes: readonly ClusterNode[]): RedisServer[] {
    return this.servers.filter(({ port }) => nodes.some((node) => node.port === port));
  }
}

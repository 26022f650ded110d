import { eventually } from "./gate.js";
import { onRedis } from "./redis-connection.js";
import { RedisProcess } from "./redis-process.js";
import { redisRole, type StartRedisReplicationOptions, startRedisReplication } from "./redis-replication.js";
import type { RedisServer } from "./redis-server.js";
import { findRedis } from "./resolve-redis.js";
import { startTogether, stopAll } from "./start-together.js";

export interface StartRedisSentinelOptions extends StartRedisReplicationOptions {
  /** Default 3. */
  readonly sentinels?: number;
  /** How long a server must say nothing until a sentinel counts it as down. Default 1,000. */
  readonly downAfterMs?: number;
}

/** A master with replicas, and sentinels that put another in its place when it is down. */
export interface RedisSentinel {
  /** For a client: `new Redis({ sentinels, name, password })`. The sentinels themselves ask for no password. */
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  readonly name: string;
  readonly password: string;
  /** All that hold data; which of them is the master changes. */
  readonly servers: readonly RedisServer[];
  readonly sentinelServers: readonly RedisServer[];
  /** The server that most of the sentinels call the master now. A master that is down is the master until the failover. */
  master(): Promise<RedisServer>;
  /** SIGKILL to the master. Gives the server that it was. */
  killMaster(): Promise<RedisServer>;
  /**
   * A failover as an administrator orders it. The master lives on, and some seconds pass until a sentinel makes a replica of it: what it is told
   * until then is lost. Gives the server that it was.
   */
  failOver(): Promise<RedisServer>;
  /** Until the sentinels agree on another master than this one, and it knows that it is. Gives the new one. */
  untilReplaced(former: RedisServer): Promise<RedisServer>;
  /** Until every sentinel has seen each replica in sync with the master, as at the start: only then can it promote one. */
  untilInSync(): Promise<void>;
  stop(): Promise<void>;
}

const NAME = "holdfast";

export async function startRedisSentinel(options: StartRedisSentinelOptions = {}): Promise<RedisSentinel> {
  const { replicas = 1, sentinels: count = 3, downAfterMs = 1_000, source } = options;
  const { master, replicas: followers, stop } = await startRedisReplication({ ...options, replicas });
  try {
    const binary = await findRedis(source);
    const quorum = Math.floor(count / 2) + 1;
    const settings = {
      sentinel: [
        `monitor ${NAME} ${master.host} ${master.port} ${quorum}`,
        `auth-pass ${NAME} ${master.password}`,
        `down-after-milliseconds ${NAME} ${downAfterMs}`,
        // Twice this time passes until another sentinel tries, if two stood for election and neither won.
        `failover-timeout ${NAME} 2000`,
      ],
    };
    const sentinels = await startTogether(count, () => RedisProcess.create(binary, { settings, role: "sentinel" }));
    const group = new SentinelGroup([master, ...followers], sentinels, async () => {
      // First the sentinels: they would begin a failover.
      await stopAll(sentinels);
      await stop();
    });
    try {
      await Promise.all(sentinels.map(hasten));
      await group.untilInSync();
      return group;
    } catch (error) {
      await stopAll(sentinels);
      throw error;
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

class SentinelGroup implements RedisSentinel {
  readonly name = NAME;
  readonly password: string;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  readonly servers: readonly RedisServer[];
  readonly sentinelServers: readonly RedisServer[];
  readonly stop: () => Promise<void>;

  constructor(servers: readonly RedisServer[], sentinelServers: readonly RedisServer[], stop: () => Promise<void>) {
    this.password = servers[0]?.password ?? "";
    this.servers = servers;
    this.sentinelServers = sentinelServers;
    this.sentinels = sentinelServers.map(({ host, port }) => ({ host, port }));
    this.stop = stop;
  }

  async master(): Promise<RedisServer> {
    const named = (await this.#namedByEach()).filter((server) => server !== undefined);
    const votes = (server: RedisServer) => named.filter((other) => other === server).length;
    const most = this.servers.find((server) => votes(server) * 2 > this.sentinelServers.length);
    if (most === undefined) throw new Error("Most of the sentinels do not agree on a master, or are down.");
    return most;
  }

  async killMaster(): Promise<RedisServer> {
    const master = await this.master();
    await master.kill();
    return master;
  }

  async failOver(): Promise<RedisServer> {
    const former = await this.master();
    const [sentinel] = this.sentinelServers.filter(({ pid }) => pid !== undefined);
    if (sentinel === undefined) throw new Error("No sentinel is left to order a failover from.");
    // It refuses while it has not heard from the replica lately, or is at a failover.
    await eventually("the sentinel begins a failover", () =>
      onRedis(sentinel.url, (redis) => redis.call("SENTINEL", "FAILOVER", NAME)),
    );
    return former;
  }

  untilReplaced(former: RedisServer): Promise<RedisServer> {
    return eventually(
      "the sentinels agree on another master",
      async () => {
        const named = await this.#namedByEach();
        // Those that are down have no say.
        const [next, ...others] = named.filter((_, n) => this.sentinelServers[n]?.pid !== undefined);
        if (next === undefined || next === former || others.some((other) => other !== next)) return undefined;
        return (await redisRole(next)) === "master" ? next : undefined;
      },
      { timeoutMs: 60_000 },
    );
  }

  async untilInSync(): Promise<void> {
    await eventually(
      "the sentinels know each other and the replicas",
      async () => {
        const known = await Promise.all(this.sentinelServers.map(({ url }) => knownTo(url)));
        const [others, replicas] = [this.sentinelServers.length - 1, this.servers.length - 1];
        return known.every((of) => of.others === others && of.replicas === replicas);
      },
      { timeoutMs: 60_000 },
    );
  }

  #namedByEach(): Promise<(RedisServer | undefined)[]> {
    return Promise.all(
      this.sentinelServers.map(async ({ url, pid }) => {
        if (pid === undefined) return undefined;
        const address = await onRedis(url, (redis) => redis.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)).catch(
          () => undefined,
        );
        const port = Number((address as string[] | undefined)?.[1]);
        return this.servers.find((server) => server.port === port);
      }),
    );
  }
}

/** By default sentinels ask servers every ten seconds who they are, and rest for thirty when the machine was too busy to run them. */
async function hasten(sentinel: RedisServer): Promise<void> {
  const periods = { "INFO-PERIOD": 1_000, "PUBLISH-PERIOD": 500, "TILT-TRIGGER": 20_000 };
  await onRedis(sentinel.url, async (redis) => {
    // Redis 6.2 does not have it, and takes its time.
    await redis.call("SENTINEL", "DEBUG", ...Object.entries(periods).flat()).catch(() => {});
  });
}

/** How many of the others a sentinel knows with their ids, and how many replicas it may promote. */
function knownTo(url: string): Promise<{ others: number; replicas: number }> {
  return onRedis(url, async (redis) => {
    const [sentinels, replicas] = await Promise.all([
      redis.call("SENTINEL", "SENTINELS", NAME),
      redis.call("SENTINEL", "REPLICAS", NAME),
    ]);
    return {
      others: (sentinels as string[][]).map(fieldsOf).filter((other) => other.get("flags") === "sentinel").length,
      replicas: (replicas as string[][])
        .map(fieldsOf)
        .filter((replica) => replica.get("flags") === "slave" && replica.get("master-link-status") === "ok").length,
    };
  });
}

/** Names and values in turn. */
function fieldsOf(list: readonly string[]): Map<string, string> {
  return new Map(Array.from({ length: list.length / 2 }, (_, n) => [list[2 * n] ?? "", list[2 * n + 1] ?? ""]));
}

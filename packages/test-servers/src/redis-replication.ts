import { eventually } from "./gate.js";
import { onRedis, redisInfo } from "./redis-connection.js";
import { RedisProcess } from "./redis-process.js";
import { type RedisDataOptions, type RedisServer, settingsOf } from "./redis-server.js";
import { findRedis } from "./resolve-redis.js";
import { startTogether, stopAll } from "./start-together.js";

export interface StartRedisReplicationOptions extends RedisDataOptions {
  /** Default 1. */
  readonly replicas?: number;
}

/** A master and its replicas. Nobody watches them: a master that is killed stays the master. */
export interface RedisReplication {
  readonly master: RedisServer;
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
}

export async function startRedisReplication(options: StartRedisReplicationOptions = {}): Promise<RedisReplication> {
  const { replicas: count = 1, source } = options;
  const settings = settingsOf(options);
  const binary = await findRedis(source);
  const master = await RedisProcess.create(binary, { settings });
  try {
    const following = { ...settings, replicaof: `${master.host} ${master.port}` };
    const replicas = await startTogether(count, () => RedisProcess.create(binary, { settings: following }));
    try {
      await untilInSync(master, replicas);
      return { master, replicas, stop: () => stopAll([master, ...replicas]) };
    } catch (error) {
      await stopAll(replicas);
      throw error;
    }
  } catch (error) {
    await master.stop();
    throw error;
  }
}

/** What the server says it is. It may not know yet of a failover that others have decided on. */
export function redisRole(server: { readonly url: string }): Promise<"master" | "replica"> {
  return onRedis(server.url, async (redis) => {
    const [role] = (await redis.call("ROLE")) as [string];
    return role === "master" ? "master" : "replica";
  });
}

/** Until each replica gets the master's writes as they happen. From then on, WAIT counts it. */
export async function untilInSync(
  master: { readonly url: string },
  replicas: readonly { readonly port: number }[],
): Promise<void> {
  await eventually(
    "the replicas are in sync with their master",
    () =>
      onRedis(master.url, async (redis) => {
        // slave0:ip=127.0.0.1,port=20001,state=online,offset=14,lag=0
        const followers = Object.entries(await redisInfo(redis, "replication")).filter(([name]) => /^slave\d+$/.test(name));
        return replicas.every(({ port }) =>
          followers.some(([, follower]) => follower?.includes(`,port=${port},`) && follower.includes(",state=online,")),
        );
      }),
    { timeoutMs: 30_000 },
  );
}

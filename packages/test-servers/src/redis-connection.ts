import { Redis, type RedisOptions } from "ioredis";

/** A connection that neither reconnects nor tries again: what it says is of this server, now. */
export const ONE_CONNECTION = {
  lazyConnect: true,
  connectTimeout: 5_000,
  // A server that stands still accepts connections and says nothing.
  commandTimeout: 5_000,
  retryStrategy: () => null,
  maxRetriesPerRequest: 0,
  // Sentinels, and servers that still read their data, answer what is asked here.
  enableReadyCheck: false,
  // Sends nothing that was not asked for.
  disableClientInfo: true,
} as const satisfies RedisOptions;

/** @param url its password may be missing, for sentinels. */
export async function onRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, ONE_CONNECTION);
  let fault: Error | undefined;
  // The command only fails with "Connection is closed"; why it is closed, the client says here.
  redis.on("error", (error) => {
    fault = error;
  });
  try {
    await redis.connect();
    return await work(redis);
  } catch (error) {
    throw fault ?? error;
  } finally {
    redis.disconnect();
  }
}

/** What INFO says, as a record. */
export async function redisInfo(redis: Redis, section = "default"): Promise<Readonly<Record<string, string | undefined>>> {
  const lines = (await redis.info(section)).split("\r\n").filter((line) => line.includes(":"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

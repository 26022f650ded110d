import { onRedis } from "./redis-connection.js";

/** Ends every other client's connection to the server, as an administrator or a restart does. Gives their number. */
export function killRedisClients(url: string): Promise<number> {
  // Not those of replicas: "normal" are clients, and who watches by MONITOR.
  return onRedis(url, async (redis) => Number(await redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")));
}

export interface PauseRedisClientsOptions {
  /** Default: writes only, as before a failover; scripts that write are writes. */
  readonly mode?: "WRITE" | "ALL";
}

/** CLIENT PAUSE: for so long, or until `unpauseRedisClients`, the server takes commands and does not run them. */
export async function pauseRedisClients(
  url: string,
  milliseconds: number,
  { mode = "WRITE" }: PauseRedisClientsOptions = {},
): Promise<void> {
  await onRedis(url, (redis) => redis.call("CLIENT", "PAUSE", milliseconds, mode));
}

export async function unpauseRedisClients(url: string): Promise<void> {
  await onRedis(url, (redis) => redis.call("CLIENT", "UNPAUSE"));
}

/** The server forgets all scripts, as after a restart: the next EVALSHA of each fails with NOSCRIPT. */
export async function flushRedisScripts(url: string): Promise<void> {
  await onRedis(url, (redis) => redis.call("SCRIPT", "FLUSH"));
}

import { onRedis, redisInfo } from "./redis-connection.js";
import { startRedisContainer } from "./redis-container.js";
import { RedisProcess, type RedisSettings, type RedisStartOptions } from "./redis-process.js";
import { findRedis, type RedisBinary } from "./resolve-redis.js";

export interface RedisServer {
  /** With the password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** For example `7.0.15`; of Valkey its own. */
  readonly version: string;
  readonly source: "url" | "local" | "package" | "container";
  /** `undefined` while it is killed, and for servers that are not processes of ours. */
  readonly pid: number | undefined;
  /** Starts a killed server again, on the same port, with what it had on disk (see `appendOnly`). */
  start(options?: RedisStartOptions): Promise<void>;
  /** SIGKILL. Returns when the server is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stand, new ones are made, and nothing is answered. */
  pause(): Promise<void>;
  /** SIGCONT: what was asked meanwhile is answered now. */
  resume(): Promise<void>;
  /** Ends the server for good and removes its data. A server from HOLDFAST_REDIS_URL is left alone. */
  stop(): Promise<void>;
}

export interface RedisDataOptions {
  /** Directives of redis.conf. Default: nothing is kept on disk, nothing is evicted, and a password is asked for. */
  readonly settings?: RedisSettings;
  /** Every write is on disk before it is acknowledged (`appendfsync always`): a kill and a start lose none. Default false. */
  readonly appendOnly?: boolean;
  /** Where the binary comes from. Default: the first that is there. */
  readonly source?: RedisBinary["source"];
}

export interface StartRedisOptions extends RedisDataOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** A server that nobody else uses and that can be killed: never the one of HOLDFAST_REDIS_URL, nor a container. Default false. */
  readonly private?: boolean;
}

/**
 * A real Redis server: HOLDFAST_REDIS_URL; a container if HOLDFAST_TEST_SERVERS=containers; the Redis or Valkey of this machine; on Debian and
 * Ubuntu the distribution's package, unpacked and not installed. None to be had is an error that says how to get one.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const { port, source } = options;
  const settings = settingsOf(options);
  if (source === undefined && options.private !== true) {
    const url = process.env.HOLDFAST_REDIS_URL;
    if (url) {
      if (port !== undefined || Object.keys(settings).length > 0) {
        throw new Error(
          "The server of HOLDFAST_REDIS_URL is used as it is; settings and port need startRedis({ private: true }).",
        );
      }
      return useServer(url);
    }
    if (process.env.HOLDFAST_TEST_SERVERS === "containers") return startRedisContainer(settings);
  }
  return RedisProcess.create(await findRedis(source), { settings, port });
}

export function settingsOf({ settings = {}, appendOnly = false }: RedisDataOptions): RedisSettings {
  return { ...(appendOnly ? { appendonly: "yes", appendfsync: "always" } : {}), ...settings };
}

async function useServer(url: string): Promise<RedisServer> {
  const { hostname, port, password } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const version = await onRedis(url, async (redis) => {
    const { valkey_version, redis_version } = await redisInfo(redis, "server");
    return valkey_version ?? redis_version ?? "";
  }).catch((error: unknown) => {
    throw new Error(
      `The server of HOLDFAST_REDIS_URL (${host}:${port || 6379}) does not answer. Start it, or unset the variable.`,
      { cause: error },
    );
  });
  const refuse = async (): Promise<never> => {
    throw new Error("The server of HOLDFAST_REDIS_URL is not ours to kill; use startRedis({ private: true }).");
  };
  return {
    url,
    host,
    port: Number(port || 6379),
    password: decodeURIComponent(password),
    version,
    source: "url",
    pid: undefined,
    start: refuse,
    kill: refuse,
    pause: refuse,
    resume: refuse,
    stop: async () => {},
  };
}

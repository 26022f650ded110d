import type { AdapterTarget, RestartableStore, ServerStore, TestedSaver } from "@holdfast/adapter-tests";
import { type RedisClient, RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { eventually, startRedis } from "@holdfast/test-servers";
import { Redis, type RedisOptions } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { openCounted } from "../counted-savers.js";
import { onServer } from "../keyspace.js";
import { loadScripts } from "../redis-conformance.js";
import { redisTarget } from "../redis-target.js";

/** Options that both versions of ioredis have. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly retryStrategy?: (times: number) => number;
  readonly connectTimeout?: number;
  readonly socketTimeout?: number;
}

export type Connect = (options: ConnectOptions) => RedisClient | RedisOptions;

/** Who reconnects, and who repeats what was under way, is up to the client. */
export const CLIENTS: Readonly<Record<string, Connect>> = {
  "a client of the saver's own": (options) => options,
  "ioredis 5, which keeps commands until it is connected again": (options) =>
    new Redis5({ ...options, maxRetriesPerRequest: null }),
  "ioredis 6, which keeps no command": (options) => new Redis({ ...options, maxRetriesPerRequest: 0 }),
};

/** A server that nobody else uses and that keeps through a crash what it acknowledged. It knows the scripts. */
async function startPrivateStore(): Promise<RestartableStore & ServerStore> {
  const server = await startRedis({ private: true, appendOnly: true });
  await loadScripts(openCounted(server.url));
  const { url, host, port } = server;
  return { url, host, port, kill: () => server.kill(), start: () => server.start(), drop: () => server.stop() };
}

interface Opened {
  readonly url: string;
  /** The client that the saver was given. */
  readonly client: RedisClient | undefined;
  /** How often a connection was lost or could not be made. */
  refusals: number;
}

const opened = new WeakMap<object, Opened>();

export function openPrivate(connect: Connect, url: string, options: RedisSaverOptions = {}): RedisSaver {
  const { hostname, port, password } = new URL(url);
  const retryStrategy = (times: number): number => {
    entry.refusals += 1;
    return Math.min(50 * times, 2_000);
  };
  const redis = connect({ host: hostname, port: Number(port), password, retryStrategy });
  const client = redis instanceof Redis || redis instanceof Redis5 ? redis : undefined;
  // What is wrong with the connection, the operations tell.
  client?.on("error", () => {});
  const entry: Opened = { url, client, refusals: 0 };
  const saver = new RedisSaver(redis, options);
  opened.set(saver, entry);
  return saver;
}

export const refusalsOf = (saver: object): number => opened.get(saver)?.refusals ?? 0;

/** Ends a saver: it closes its own client, and leaves alone the one that it was given. Then nobody is connected. */
export async function closePrivate(saver: TestedSaver): Promise<void> {
  await saver.end();
  const entry = opened.get(saver);
  if (entry === undefined) return;
  if (entry.client?.status === "end") throw new Error("The saver has closed a client that was not its own.");
  entry.client?.disconnect();
  const isLeftAlone = (): Promise<unknown> =>
    eventually("the server has no client left", () =>
      onServer(entry.url, async (redis) => {
        const list = String(await redis.call("CLIENT", "LIST", "TYPE", "normal"));
        // One line is that of who asks.
        if (list.trim().split("\n").length > 1) throw new Error(list);
        return true;
      }),
    );
  asking = asking.then(isLeftAlone, isLeftAlone);
  await asking;
}

/** One at a time: two who ask at once see each other. */
let asking: Promise<unknown> = Promise.resolve();

/** This adapter by one kind of client, each store on a server of its own. */
export function privateTarget(connect: Connect) {
  return {
    ...redisTarget,
    openStore: startPrivateStore,
    open: (url, options) => openPrivate(connect, url, options),
    close: closePrivate,
  } satisfies AdapterTarget<RestartableStore & ServerStore>;
}

import { randomBytes } from "node:crypto";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { Redis } from "ioredis";
import type { OpenStore, RunningStore, Store, StoreLocation } from "./store.js";

export const redis: Store = { start, open };

async function open({ url, space }: StoreLocation): Promise<OpenStore> {
  const saver = RedisSaver.fromUrl(url, { keyPrefix: space });
  await saver.setup();
  return { saver, close: () => saver.end() };
}

async function start(): Promise<RunningStore> {
  const { startRedis } = await import("@holdfast/test-servers");
  // As one would run it, every write on disk; a given server is taken as it is.
  const server = await startRedis(process.env.HOLDFAST_REDIS_URL ? {} : { appendOnly: true });
  // A prefix of its own, since a given server may hold the threads of somebody else.
  const location = { url: server.url, space: `holdfast-demo-${randomBytes(4).toString("hex")}` };
  return {
    location,
    server: `Redis ${server.version} (${server.source})`,
    measure: "bytes of memory",
    storedBytes: () => withClient(location.url, (client) => storedBytes(client, location.space)),
    async stop() {
      try {
        await withClient(location.url, (client) => removeKeys(client, location.space));
      } finally {
        await server.stop();
      }
    },
  };
}

/** What the keys take in the server's memory, counted to the last element: values, indexes, and what Redis needs around them. */
async function storedBytes(client: Redis, space: string): Promise<number> {
  const keys = await keysOf(client, space);
  const sizes = await Promise.all(keys.map((key) => client.call("MEMORY", "USAGE", key, "SAMPLES", 0) as Promise<number | null>));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

async function removeKeys(client: Redis, space: string): Promise<void> {
  const keys = await keysOf(client, space);
  if (keys.length > 0) await client.unlink(keys);
}

async function keysOf(client: Redis, space: string): Promise<string[]> {
  // SCAN may name a key twice.
  const keys = new Set<string>();
  for await (const page of client.scanStream({ match: `${space}:*`, count: 1_000 }) as AsyncIterable<string[]>) {
    for (const key of page) keys.add(key);
  }
  return [...keys];
}

async function withClient<Result>(url: string, use: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: 10_000, retryStrategy: () => null });
  client.on("error", () => {});
  try {
    await client.connect();
    return await use(client);
  } finally {
    client.disconnect();
  }
}

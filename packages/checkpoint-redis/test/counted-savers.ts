import { type RedisClient, RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { Redis } from "ioredis";
import { type Asked, countRequests } from "./counted-client.js";
import { partsOfStoreUrl } from "./store-url.js";

const opened = new Map<object, { readonly client: RedisClient; readonly asked: Asked }>();

/** A saver on a client of its own, which counts. */
export function openOn(client: RedisClient, options: RedisSaverOptions): RedisSaver {
  // Nobody reads what a client tells of its connection; errors of operations say it.
  client.on("error", () => {});
  const saver = new RedisSaver(client, options);
  opened.set(saver, { client, asked: countRequests(client) });
  return saver;
}

/** The same on a part of a server. */
export function openCounted(url: string, options: RedisSaverOptions = {}): RedisSaver {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  return openOn(new Redis(server, { lazyConnect: true, maxRetriesPerRequest: 0 }), { keyPrefix, ...options });
}

/** What a saver has asked of its client. */
export function askedBy(saver: object): Asked {
  const entry = opened.get(saver);
  if (entry === undefined) throw new Error("This saver was not opened here.");
  return entry.asked;
}

/** Ends a saver and then its client, which the saver has left open. Again, it is only the saver that is ended again. */
export async function closeCounted(saver: { end(): Promise<void> }): Promise<void> {
  await saver.end();
  opened.get(saver)?.client.disconnect();
}

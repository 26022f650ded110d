import { RedisSaver } from "@holdfast/checkpoint-redis";
import { type RedisServer, startRedis } from "@holdfast/test-servers";
import type { Meter } from "../measuring/cost.js";
import { ServerCpu } from "../measuring/server-cpu.js";
import type { AtEnd } from "../scenario.js";
import { startChat } from "../workloads/play.js";
import { CountingRedis } from "./counting-redis.js";
import type { OpenOptions } from "./postgres.js";
import type { Floor, SaverUnderTest } from "./saver-under-test.js";

/**
 * All that Redis allocated, so with the overhead of hash tables and of the allocator's classes. The buffers of the two connections are in it, before and
 * after. Not subtracted: what Redis says of them (`mem_clients_normal`, `tot-mem`) jumps by 20 kB while `used_memory` stands still, which the sum of
 * ten windows took for 60 kB stored.
 */
async function usedMemory(redis: CountingRedis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]);
}

/** A server of its own for each contender, in memory: what it uses is what the contender stores. */
async function startServer(
  atEnd: AtEnd,
  { route = (direct) => direct }: OpenOptions,
): Promise<{ readonly server: RedisServer; readonly redis: CountingRedis; readonly meter: Meter }> {
  const server = await startRedis({ private: true });
  atEnd(() => server.stop());
  const [redis, observer] = [new CountingRedis(await route(server.url)), new CountingRedis(server.url)];
  atEnd(() => {
    redis.disconnect();
    observer.disconnect();
  });
  await Promise.all([redis.ping(), observer.ping()]);
  const cpu = new ServerCpu(server.pid);
  const meter: Meter = {
    read: async () => ({ serverCpuMs: cpu.read(), walBytes: 0, ...redis.count() }),
    storedBytes: () => usedMemory(observer),
  };
  return { server, redis, meter };
}

export async function startRedisSaver(
  atEnd: AtEnd,
  options: OpenOptions = {},
): Promise<SaverUnderTest & { readonly server: RedisServer }> {
  const { server, redis, meter } = await startServer(atEnd, options);
  const open = () => new RedisSaver(redis);
  const saver = open();
  // What a server takes once, whatever it stores, comes with the first turn (some 0.45 MB for the scripts and what they ran with), and stays after FLUSHALL.
  await startChat(saver, "warm up").turn();
  await saver.deleteThread("warm up");
  return { server, url: server.url, saver, fresh: open, meter };
}

export async function startRedisFloor(
  atEnd: AtEnd,
  options: OpenOptions = {},
): Promise<Floor & { readonly server: RedisServer }> {
  const { server, redis, meter } = await startServer(atEnd, options);
  let written = 0;
  return {
    server,
    meter,
    async write(bytes) {
      written += 1;
      await redis.set(`floor:${written}`, bytes);
    },
    async read() {
      return (await redis.getBuffer(`floor:${written}`)) ?? Buffer.alloc(0);
    },
  };
}

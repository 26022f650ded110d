import { randomUUID } from "node:crypto";
import { networkTests } from "@holdfast/adapter-tests";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { startTcpProxy } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { expect, inject, it } from "vitest";
import { newStore } from "./redis-target.js";
import { openStore } from "./store-url.js";

networkTests({
  openStore: newStore,
  through: (proxy, url) => proxy.url(url),
  connect: openStore,
  operations: {
    persist: (saver, { signal }) => (saver as RedisSaver).persist("none", signal && { signal }),
  },
});

for (const [name, connect] of Object.entries({
  "ioredis 6": (url: string) => new Redis(url, { maxRetriesPerRequest: null, disconnectTimeout: 50 }),
  "ioredis 5": (url: string) => new Redis5(url, { maxRetriesPerRequest: null, disconnectTimeout: 50 }),
})) {
  it(`C-70 C-71 a client that was given (${name}) gets a new connection in place of one on which nothing comes back`, async () => {
    const { hostname, port, password } = new URL(inject("holdfastRedisUrl"));
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const client = connect(`redis://:${password}@${proxy.host}:${proxy.port}`);
    const saver = new RedisSaver(client, { keyPrefix: randomUUID(), retry: { maxElapsedMs: 3_000, maxDelayMs: 100 } });
    await saver.ping();
    proxy.strand();
    expect(await saver.getTuple({ configurable: { thread_id: "1" } })).toBeUndefined();
    client.disconnect();
    await proxy.stop();
  });
}

import { seeded } from "@holdfast/adapter-tests";
import { eventually, pauseRedisClients, type RedisServer, startRedis, unpauseRedisClients } from "@holdfast/test-servers";
import { afterAll, beforeAll, describe, it } from "vitest";
import { onServer } from "../keyspace.js";
import { CLIENTS, closePrivate, openPrivate } from "./private-redis.js";
import { disturbAtRandom } from "./random-moments.js";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis({ private: true });
});
afterAll(async () => server?.stop());

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(name, () => {
    it(
      "C-70 runs go on through CLIENT PAUSE at five random moments",
      seeded(async (random) => {
        const saver = openPrivate(connect, server.url, { keyPrefix: `short ${name}` });
        await disturbAtRandom(saver, random, 5, () => pauseRedisClients(server.url, 300, { mode: "ALL" }));
        await closePrivate(saver);
      }),
    );

    it(
      "C-70 runs go on through a CLIENT PAUSE that outlasts the patience of every command",
      { timeout: 180_000 },
      seeded(async (random) => {
        const saver = openPrivate(connect, server.url, {
          keyPrefix: `long ${name}`,
          commandTimeoutMs: 200,
          retry: { maxAttempts: 1_000, maxDelayMs: 100 },
        });
        await disturbAtRandom(saver, random, 1, async () => {
          await pauseRedisClients(server.url, 600_000);
          try {
            const before = await bytesReceived();
            // Ten times what all runs have to say at once.
            await eventually("commands were given up and repeated", async () => (await bytesReceived()) - before > 250_000, {
              timeoutMs: 120_000,
            });
          } finally {
            await unpauseRedisClients(server.url);
          }
        });
        await closePrivate(saver);
      }),
    );
  });
}

async function bytesReceived(): Promise<number> {
  const stats = await onServer(server.url, (redis) => redis.info("stats"));
  return Number(/total_net_input_bytes:(\d+)/.exec(stats)?.[1]);
}

import { seeded } from "@holdfast/adapter-tests";
import { flushRedisScripts, type RedisReplication, startRedisReplication } from "@holdfast/test-servers";
import { afterAll, beforeAll, describe, it } from "vitest";
import { CLIENTS, closePrivate, openPrivate } from "./private-redis.js";
import { disturbAtRandom } from "./random-moments.js";

let redis: RedisReplication;

beforeAll(async () => {
  redis = await startRedisReplication();
});
afterAll(async () => redis?.stop());

for (const [name, connect] of Object.entries(CLIENTS)) {
  // A write that waits for a replica travels with its wait, and cannot bring the script along.
  describe.for([undefined, { replicas: 1 }])(`${name}, durability %o`, (durability) => {
    it(
      "C-70 runs go on through SCRIPT FLUSH at 20 random moments",
      seeded(async (random) => {
        const saver = openPrivate(connect, redis.master.url, {
          keyPrefix: `${name} ${durability?.replicas}`,
          ...(durability === undefined ? {} : { durability }),
        });
        await disturbAtRandom(saver, random, 20, () => flushRedisScripts(redis.master.url));
        await closePrivate(saver);
      }),
    );
  });
}

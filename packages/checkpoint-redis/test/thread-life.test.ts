import { threadLifeTests } from "@holdfast/adapter-tests";
import { openCounted } from "./counted-savers.js";
import { keysUnder, onServer, threadKey } from "./keyspace.js";
import { redisTarget } from "./redis-target.js";
import { partsOfStoreUrl } from "./store-url.js";
import { threadFaults } from "./thread-faults.js";

threadLifeTests({
  ...redisTarget,
  open: openCounted,
  async faultsUnder(url, threadId) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    return threadFaults(server, keyPrefix, threadId);
  },
  async makeIdle(url, threadId, milliseconds) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    await onServer(server, async (redis) => {
      await redis.hincrby(threadKey(keyPrefix, threadId, "thread"), "updated", -1_000 * milliseconds);
      for (const key of await keysUnder([server], keyPrefix)) {
        if (key.endsWith(":updated") && (await redis.zscore(key, threadId)) !== null)
          await redis.zincrby(key, -milliseconds, threadId);
      }
    });
  },
});

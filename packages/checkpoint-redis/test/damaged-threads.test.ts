import { damagedThreadTests } from "@holdfast/adapter-tests";
import { onServer, threadKey } from "./keyspace.js";
import { redisTarget } from "./redis-target.js";
import { partsOfStoreUrl } from "./store-url.js";

damagedThreadTests({
  ...redisTarget,
  async dropSegments(url, thread) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    await onServer(server, (redis) => redis.del(threadKey(keyPrefix, thread, "segments")));
  },
});

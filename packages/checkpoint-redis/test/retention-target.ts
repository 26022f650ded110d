import type { RetentionTarget } from "@holdfast/adapter-tests";
import { askedBy, openCounted } from "./counted-savers.js";
import { onServer, threadKey } from "./keyspace.js";
import { redisTarget } from "./redis-target.js";
import { partsOfStoreUrl } from "./store-url.js";
import { underneath } from "./underneath.js";

export const retentionTarget: RetentionTarget = {
  ...redisTarget,
  open: openCounted,
  inspect(url, threadId) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    return underneath(server, keyPrefix, threadId);
  },
  endSweepClaim(url) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    return onServer(server, (redis) => redis.hset(`${keyPrefix}:index:{0}:sweeper`, "until", 0));
  },
  age(url, threadId, milliseconds) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    const key = threadKey(keyPrefix, threadId, "thread");
    return onServer(server, (redis) => redis.hincrby(key, "updated", -1_000 * milliseconds));
  },
  roundTrips: (saver) => askedBy(saver).roundTrips,
  beforeEachRequest(saver, work) {
    askedBy(saver).before = work;
  },
};

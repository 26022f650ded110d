import { lostSegmentTests } from "@holdfast/adapter-tests";
import { onServer, threadKey } from "./keyspace.js";
import { redisTarget } from "./redis-target.js";
import { partsOfStoreUrl } from "./store-url.js";

lostSegmentTests({
  ...redisTarget,
  async takeBack(url, thread) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    await onServer(server, async (redis) => {
      await redis.del(["checkpoints", "order", "segments", "writes"].map((part) => threadKey(keyPrefix, thread, part)));
      await redis.hdel(threadKey(keyPrefix, thread, "thread"), "latest:");
    });
  },
});

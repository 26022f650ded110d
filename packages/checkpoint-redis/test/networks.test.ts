import { networkTests } from "@holdfast/adapter-tests";
import type { RedisSaver } from "@holdfast/checkpoint-redis";
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

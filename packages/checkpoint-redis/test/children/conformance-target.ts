import type { SpawnedTarget } from "@holdfast/checkpoint-conformance/runner";
import type { RedisSaver } from "@holdfast/checkpoint-redis";
import { closeCounted, openOn } from "../counted-savers.js";
import { clientAt, type RedisPlace } from "../redis-place.js";

/** Keys of the process that started this one. */
export interface RedisKeys {
  readonly place: RedisPlace;
  readonly keyPrefix: string;
}

/** This adapter in another process. */
export default ({ place, keyPrefix }: RedisKeys): SpawnedTarget => ({
  name: "@holdfast/checkpoint-redis",
  open: async () => openOn(clientAt(place), { keyPrefix }),
  close: (saver) => closeCounted(saver as RedisSaver),
  lifecycle: { setup: async (saver) => void (await (saver as RedisSaver).setup()) },
});

import { randomUUID } from "node:crypto";
import { checkpointConformance, holdfastErrors } from "@holdfast/checkpoint-conformance";
import { RedisSaver } from "@holdfast/checkpoint-redis";

const keyPrefix = randomUUID();

checkpointConformance({
  name: "@holdfast/checkpoint-redis",
  errors: holdfastErrors,
  open: async ({ serde, ...options } = {}) => RedisSaver.fromUrl(process.env.REDIS_URL, { keyPrefix, serde, ...options }),
  close: (saver) => saver.end(),
});

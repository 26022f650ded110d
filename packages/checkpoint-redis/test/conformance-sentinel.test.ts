import { type RedisSentinel, startRedisSentinel } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { Redis as Redis6 } from "ioredis6";
import { afterAll, beforeAll } from "vitest";
import { redisConformance, redisUpstream } from "./redis-conformance.js";

let group: RedisSentinel;

beforeAll(async () => {
  group = await startRedisSentinel({ replicas: 1 });
});
afterAll(async () => group?.stop());

const where = () => ({ sentinels: [...group.sentinels], name: group.name, password: group.password });

redisConformance({
  name: "Sentinel, ioredis 5",
  connect: (connectionName) => new Redis({ ...where(), connectionName }),
  place: () => ({ kind: "sentinel", ...where() }),
  masters: async () => [(await group.master()).url],
});

redisUpstream({ name: "Sentinel, ioredis 6", connect: () => new Redis6(where()) });

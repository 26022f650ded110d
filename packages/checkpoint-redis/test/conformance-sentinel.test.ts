import { type RedisSentinel, startRedisSentinel } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { afterAll, beforeAll } from "vitest";
import { callSuites, redisConformance, redisUpstream } from "./redis-conformance.js";

let group: RedisSentinel;

beforeAll(async () => {
  group = await startRedisSentinel({ replicas: 1 });
});
afterAll(async () => group?.stop());

const where = () => ({ sentinels: [...group.sentinels], name: group.name, password: group.password });

redisConformance({
  name: "Sentinel, ioredis 5",
  connect: (connectionName) => new Redis5({ ...where(), connectionName }),
  place: () => ({ kind: "sentinel", ...where() }),
  suites: callSuites,
  masters: async () => [(await group.master()).url],
});

redisUpstream({ name: "Sentinel, ioredis 6", connect: () => new Redis(where()) });

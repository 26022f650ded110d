import { Redis } from "ioredis";
import { Redis as Redis6 } from "ioredis6";
import { inject } from "vitest";
import { redisConformance, redisUpstream } from "./redis-conformance.js";

const url = (): string => inject("holdfastRedisUrl");
const masters = async () => [url()];

redisConformance({ name: "ioredis 5", masters, connect: () => new Redis(url()) });
redisUpstream({ name: "ioredis 5", connect: () => new Redis(url()) });

redisConformance({
  name: "ioredis 6, RESP3 with types of its own",
  masters,
  connect: () => new Redis6(url(), { protocol: 3, replyMapping: "resp3" }),
});

redisConformance({ name: "ioredis 6, RESP2", masters, connect: () => new Redis6(url(), { protocol: 2 }) });

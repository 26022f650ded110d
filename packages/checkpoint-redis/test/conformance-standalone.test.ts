import { Redis } from "ioredis";
import { Redis as Redis6 } from "ioredis6";
import { inject } from "vitest";
import { redisConformance, redisUpstream } from "./redis-conformance.js";

const url = (): string => inject("holdfastRedisUrl");
const masters = async () => [url()];
const place = () => ({ kind: "server", url: url() }) as const;

redisConformance({
  name: "ioredis 5",
  masters,
  place,
  connect: (connectionName) => new Redis(url(), { connectionName }),
});
redisUpstream({ name: "ioredis 5", connect: () => new Redis(url()) });

redisConformance({
  name: "ioredis 6, RESP3 with types of its own",
  masters,
  place,
  connect: (connectionName) => new Redis6(url(), { connectionName, protocol: 3, replyMapping: "resp3" }),
});

redisConformance({
  name: "ioredis 6, RESP2",
  masters,
  place,
  connect: (connectionName) => new Redis6(url(), { connectionName, protocol: 2 }),
});

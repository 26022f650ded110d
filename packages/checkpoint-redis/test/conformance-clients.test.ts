import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { callSuites, redisConformance, sharedServer } from "./redis-conformance.js";

redisConformance({
  ...sharedServer("ioredis 5", (url, connectionName) => new Redis5(url, { connectionName })),
  suites: callSuites,
});

redisConformance({
  ...sharedServer(
    "ioredis 6, RESP3 with types of its own",
    (url, connectionName) => new Redis(url, { connectionName, protocol: 3, replyMapping: "resp3" }),
  ),
  suites: callSuites,
});

redisConformance({
  ...sharedServer("ioredis 6, RESP2", (url, connectionName) => new Redis(url, { connectionName, protocol: 2 })),
  suites: callSuites,
});

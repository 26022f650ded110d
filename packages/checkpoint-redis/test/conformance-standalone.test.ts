import { Redis } from "ioredis";
import { redisConformance, redisUpstream, sharedServer } from "./redis-conformance.js";

const server = sharedServer("one server", (url, connectionName) => new Redis(url, { connectionName }));

redisConformance(server);
redisUpstream(server);

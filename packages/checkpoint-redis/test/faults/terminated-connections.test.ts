import { terminatedConnectionTests } from "@holdfast/adapter-tests";
import { killRedisClients } from "@holdfast/test-servers";
import { describe } from "vitest";
import { CLIENTS, privateTarget } from "./private-redis.js";

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(name, () => {
    terminatedConnectionTests({ ...privateTarget(connect), endConnections: killRedisClients });
  });
}

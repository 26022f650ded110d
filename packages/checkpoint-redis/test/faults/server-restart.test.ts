import { serverRestartTests } from "@holdfast/adapter-tests";
import { describe } from "vitest";
import { CLIENTS, privateTarget, refusalsOf } from "./private-redis.js";

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(name, () => {
    serverRestartTests({ ...privateTarget(connect), refusals: refusalsOf });
  });
}

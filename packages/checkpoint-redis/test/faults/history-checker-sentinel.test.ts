import { lostInFailoverTests, serverFaultTests } from "@holdfast/adapter-tests";
import { sentinelServers } from "./history-servers.js";

serverFaultTests("sentinels promote a replica, with durability.replicas", () => sentinelServers(1));

serverFaultTests("sentinels promote a replica, which loses the last of it and nothing else", () => sentinelServers());

lostInFailoverTests("a write is acknowledged before the replica has it", /lost|as the latest, and/, () =>
  sentinelServers(undefined, false),
);

lostInFailoverTests(
  "tokens are counted in the store alone",
  /was granted twice/,
  () => sentinelServers(),
  "tokens are counted in the store alone",
);

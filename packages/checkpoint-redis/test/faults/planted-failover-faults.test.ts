import { lostInFailoverTests } from "@holdfast/adapter-tests";
import { sentinelServers } from "./history-servers.js";

lostInFailoverTests("a write is acknowledged before the replica has it", /lost|as the latest, and/, () =>
  sentinelServers(undefined, false),
);

lostInFailoverTests(
  "tokens are counted in the store alone",
  /was granted twice/,
  () => sentinelServers(),
  "tokens are counted in the store alone",
);

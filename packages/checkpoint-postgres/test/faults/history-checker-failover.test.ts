import { lostInFailoverTests, serverFaultTests } from "@holdfast/adapter-tests";
import { pairWithStandby } from "./history-servers.js";

serverFaultTests("a synchronous standby is promoted", () => pairWithStandby("synchronous"));

serverFaultTests("a standby that lags is promoted, which loses the last of it and nothing else", () =>
  pairWithStandby("lagging"),
);

lostInFailoverTests("a commit is acknowledged before the standby has it", /lost|as the latest, and/, () =>
  pairWithStandby("lagging", false),
);

lostInFailoverTests(
  "tokens are counted in the store alone",
  /was granted twice/,
  () => pairWithStandby("lagging"),
  "tokens are counted in the store alone",
);

import { lostInFailoverTests } from "@holdfast/adapter-tests";
import { pairWithStandby } from "./history-servers.js";

lostInFailoverTests("a commit is acknowledged before the standby has it", /lost|as the latest, and/, () =>
  pairWithStandby("lagging", false),
);

lostInFailoverTests(
  "tokens are counted in the store alone",
  /was granted twice/,
  () => pairWithStandby("lagging"),
  "tokens are counted in the store alone",
);

import { serverFaultTests } from "@holdfast/adapter-tests";
import { pairWithStandby } from "./history-servers.js";

serverFaultTests("a synchronous standby is promoted", () => pairWithStandby("synchronous"));

serverFaultTests("a standby that lags is promoted, which loses the last of it and nothing else", () =>
  pairWithStandby("lagging"),
);

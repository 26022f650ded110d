import type { HistoryTarget } from "@holdfast/adapter-tests";
import { terminateBackends } from "@holdfast/test-servers";
import { threadLifeTarget } from "./thread-life-target.js";

export const historyTarget: HistoryTarget = {
  ...threadLifeTarget,
  endConnections: (url) => terminateBackends(url, { database: new URL(url).pathname.slice(1) }),
};

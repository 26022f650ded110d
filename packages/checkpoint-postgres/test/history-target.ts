import type { HistoryTarget } from "@holdfast/adapter-tests";
import { terminateBackends } from "@holdfast/test-servers";
import { retentionTarget } from "./retention-target.js";

export const historyTarget: HistoryTarget = {
  ...retentionTarget,
  endConnections: (url) => terminateBackends(url, { database: new URL(url).pathname.slice(1) }),
};

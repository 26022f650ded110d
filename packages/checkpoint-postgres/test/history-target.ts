import type { HistoryTarget } from "@holdfast/adapter-tests";
import { terminateBackends } from "@holdfast/test-servers";
import { retentionTarget } from "./retention-target.js";

export const historyTarget: HistoryTarget = {
  ...retentionTarget,
  through: (proxy, url) => proxy.url(url),
  endConnections: (url) => terminateBackends(url, { database: new URL(url).pathname.slice(1) }),
};

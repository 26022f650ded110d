import type { HistoryTarget } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./retention-target.js";

export const historyTarget: HistoryTarget = { ...threadLifeTarget, through: (proxy, url) => proxy.url(url) };

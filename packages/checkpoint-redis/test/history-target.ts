import type { HistoryTarget } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./thread-life-target.js";

export const historyTarget: HistoryTarget = { ...threadLifeTarget };

import type { HistoryTarget } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";

export const historyTarget: HistoryTarget = { ...retentionTarget };

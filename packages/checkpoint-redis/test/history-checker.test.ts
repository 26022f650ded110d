import { historyCheckerTests } from "@holdfast/adapter-tests";
import { historyTarget } from "./history-target.js";

historyCheckerTests(historyTarget);

import { plantedFaultTests } from "@holdfast/adapter-tests";
import { historyTarget } from "./history-target.js";

plantedFaultTests(historyTarget);

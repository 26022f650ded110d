import type { Scenario } from "./scenario.js";
import { smallChange } from "./scenarios/small-change.js";
import { throughput } from "./scenarios/throughput.js";

/** By name, in the order in which they run and are reported. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "small-change": smallChange,
  throughput,
};

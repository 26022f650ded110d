import { failedRunTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

failedRunTests(leaseTarget);

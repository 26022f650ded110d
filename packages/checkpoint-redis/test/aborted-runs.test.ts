import { abortedRunTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

abortedRunTests(leaseTarget);

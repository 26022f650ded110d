import { exclusiveProcessTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

exclusiveProcessTests(leaseTarget);

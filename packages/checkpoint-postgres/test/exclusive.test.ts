import { exclusiveTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

exclusiveTests(leaseTarget);

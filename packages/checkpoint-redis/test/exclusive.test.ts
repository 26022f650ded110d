import { exclusiveProcessTests, exclusiveTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

exclusiveTests(leaseTarget);
exclusiveProcessTests(leaseTarget);

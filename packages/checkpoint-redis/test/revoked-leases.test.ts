import { revokedLeaseTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

revokedLeaseTests(leaseTarget);

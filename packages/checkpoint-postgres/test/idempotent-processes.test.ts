import { idempotentProcessTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

idempotentProcessTests(leaseTarget);

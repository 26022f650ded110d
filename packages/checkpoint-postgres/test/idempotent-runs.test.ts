import { idempotentRunTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

idempotentRunTests(leaseTarget);

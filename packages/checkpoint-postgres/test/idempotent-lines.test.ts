import { idempotentLineTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

idempotentLineTests(leaseTarget);

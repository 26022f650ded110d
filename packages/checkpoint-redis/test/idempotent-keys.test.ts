import { idempotentKeyTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

idempotentKeyTests(leaseTarget);

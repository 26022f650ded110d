import { abandonedThreadTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

abandonedThreadTests(leaseTarget);

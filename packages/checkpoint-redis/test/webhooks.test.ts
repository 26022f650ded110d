import { webhookTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

webhookTests(leaseTarget);

import { overtakenRunTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

overtakenRunTests(leaseTarget);

import { shutdownTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

shutdownTests(leaseTarget);

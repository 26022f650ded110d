import { leaseCheckerTests } from "@holdfast/adapter-tests";
import { leaseTarget } from "./lease-target.js";

leaseCheckerTests({ ...leaseTarget, through: (proxy, url) => proxy.url(url) });

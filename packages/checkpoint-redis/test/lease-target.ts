import type { LeaseTarget } from "@holdfast/adapter-tests";
import { openCounted } from "./counted-savers.js";
import { redisTarget } from "./redis-target.js";

export const leaseTarget: LeaseTarget = { ...redisTarget, open: openCounted };

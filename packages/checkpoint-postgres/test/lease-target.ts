import type { LeaseTarget } from "@holdfast/adapter-tests";
import { openPooled } from "./pooled-savers.js";
import { postgresTarget } from "./postgres-target.js";

export const leaseTarget: LeaseTarget = { ...postgresTarget, open: openPooled };

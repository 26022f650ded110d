import { fallbackTests } from "@holdfast/adapter-tests";
import { poolOf } from "./pooled-savers.js";
import { migrationTarget } from "./migration-target.js";

fallbackTests({ ...migrationTarget, roundTrips: (saver) => poolOf(saver).statements });

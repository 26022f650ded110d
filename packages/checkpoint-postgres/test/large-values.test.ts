import { largeValueTests } from "@holdfast/adapter-tests";
import { poolOf } from "./pooled-savers.js";
import { postgresTarget } from "./postgres-target.js";

largeValueTests({ ...postgresTarget, roundTrips: (saver) => poolOf(saver).statements });

import { fallbackTests } from "@holdfast/adapter-tests";
import { poolOf } from "./pooled-savers.js";
import { postgresTarget } from "./postgres-target.js";

fallbackTests({ ...postgresTarget, roundTrips: (saver) => poolOf(saver).statements });

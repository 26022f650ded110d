import { fallbackTests } from "@holdfast/adapter-tests";
import { askedBy } from "./counted-savers.js";
import { migrationTarget } from "./migration-target.js";

fallbackTests({ ...migrationTarget, roundTrips: (saver) => askedBy(saver).roundTrips });

import { fallbackTests } from "@holdfast/adapter-tests";
import { askedBy } from "./counted-savers.js";
import { redisTarget } from "./redis-target.js";

fallbackTests({ ...redisTarget, roundTrips: (saver) => askedBy(saver).roundTrips });

import { largeValueTests } from "@holdfast/adapter-tests";
import { askedBy } from "./counted-savers.js";
import { redisTarget } from "./redis-target.js";

largeValueTests({ ...redisTarget, roundTrips: (saver) => askedBy(saver).roundTrips });

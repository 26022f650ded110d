import { deltaOrderTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

deltaOrderTests(redisTarget);

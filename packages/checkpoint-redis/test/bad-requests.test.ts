import { badRequestTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

badRequestTests(redisTarget);

import { importThreadTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

importThreadTests(redisTarget);

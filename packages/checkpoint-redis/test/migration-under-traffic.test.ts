import { migrationUnderTrafficTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

migrationUnderTrafficTests(redisTarget);

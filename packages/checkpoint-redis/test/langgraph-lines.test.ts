import { langgraphLineTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

langgraphLineTests(redisTarget);

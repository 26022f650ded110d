import { langgraphChangeTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

langgraphChangeTests(redisTarget);

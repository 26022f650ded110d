import { agentTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

agentTests("@holdfast/checkpoint-redis", redisTarget);

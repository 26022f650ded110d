import { asInMemoryTests } from "@holdfast/adapter-tests";
import { redisTarget } from "./redis-target.js";

asInMemoryTests("@holdfast/checkpoint-redis", redisTarget);

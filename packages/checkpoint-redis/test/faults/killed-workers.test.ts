import { killedWorkerTests } from "@holdfast/adapter-tests";
import { privateTarget } from "./private-redis.js";

killedWorkerTests(privateTarget((options) => options));

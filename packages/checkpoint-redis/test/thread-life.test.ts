import { threadLifeTests } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./thread-life-target.js";

threadLifeTests(threadLifeTarget);

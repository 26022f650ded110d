import { threadLifeTests } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./retention-target.js";

threadLifeTests(threadLifeTarget);

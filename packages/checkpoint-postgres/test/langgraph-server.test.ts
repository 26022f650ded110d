import { langgraphServerTests } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./retention-target.js";

langgraphServerTests(threadLifeTarget);

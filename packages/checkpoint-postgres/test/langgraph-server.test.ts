import { langgraphServerTests } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./thread-life-target.js";

langgraphServerTests(threadLifeTarget);

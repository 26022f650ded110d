import { langgraphServerTests } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";

langgraphServerTests(retentionTarget);

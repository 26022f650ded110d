import { langgraphLineTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

langgraphLineTests(postgresTarget);

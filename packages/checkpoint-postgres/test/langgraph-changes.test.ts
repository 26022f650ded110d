import { langgraphChangeTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

langgraphChangeTests(postgresTarget);

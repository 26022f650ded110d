import { deltaOrderTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

deltaOrderTests(postgresTarget);

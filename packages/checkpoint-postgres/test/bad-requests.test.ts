import { badRequestTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

badRequestTests(postgresTarget);

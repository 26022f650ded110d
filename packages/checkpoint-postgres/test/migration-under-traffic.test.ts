import { migrationUnderTrafficTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

migrationUnderTrafficTests(postgresTarget);

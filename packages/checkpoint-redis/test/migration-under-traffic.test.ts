import { migrationUnderTrafficTests } from "@holdfast/adapter-tests";
import { migrationTarget } from "./migration-target.js";

migrationUnderTrafficTests(migrationTarget);

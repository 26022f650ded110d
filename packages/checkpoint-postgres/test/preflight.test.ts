import { preflightTests } from "@holdfast/adapter-tests";
import { migrationTarget } from "./migration-target.js";

preflightTests(migrationTarget);

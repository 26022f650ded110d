import { importThreadTests } from "@holdfast/adapter-tests";
import { migrationTarget } from "./migration-target.js";

importThreadTests(migrationTarget);

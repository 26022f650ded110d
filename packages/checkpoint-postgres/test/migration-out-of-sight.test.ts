import { migrationOutOfSightTests } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";

migrationOutOfSightTests(retentionTarget);

import { importThreadTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

importThreadTests(postgresTarget);

import { retentionTests } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";

retentionTests(retentionTarget);

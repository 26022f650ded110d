import { movedThreadTests } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";

movedThreadTests(retentionTarget);

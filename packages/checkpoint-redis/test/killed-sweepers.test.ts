import { killedSweeperTests } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";

killedSweeperTests(retentionTarget);

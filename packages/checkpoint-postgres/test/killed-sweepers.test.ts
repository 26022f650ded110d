import { killedSweeperTests } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./retention-target.js";

killedSweeperTests(threadLifeTarget);

import { killedSweeperTests } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./thread-life-target.js";

killedSweeperTests(threadLifeTarget);

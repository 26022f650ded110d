import { killedWorkerTests } from "@holdfast/adapter-tests";
import { privateTarget } from "./private-server.js";

killedWorkerTests(privateTarget);

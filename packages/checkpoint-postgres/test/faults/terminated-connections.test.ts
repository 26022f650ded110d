import { terminatedConnectionTests } from "@holdfast/adapter-tests";
import { terminateBackends } from "@holdfast/test-servers";
import { privateTarget } from "./private-server.js";

terminatedConnectionTests({ ...privateTarget, endConnections: (url) => terminateBackends(url) });

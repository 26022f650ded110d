import { serverFaultTests } from "@holdfast/adapter-tests";
import { restartedServer } from "./history-servers.js";

serverFaultTests(
  "a server is killed and comes back, clocks of workers are wrong, counters are as after a long life",
  restartedServer,
);

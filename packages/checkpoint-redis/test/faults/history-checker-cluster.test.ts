import { serverFaultTests } from "@holdfast/adapter-tests";
import { clusterServers } from "./history-servers.js";

serverFaultTests("a cluster promotes a replica, with durability.replicas", () => clusterServers(1));

serverFaultTests("a cluster promotes a replica, which loses the last of it and nothing else", () => clusterServers());

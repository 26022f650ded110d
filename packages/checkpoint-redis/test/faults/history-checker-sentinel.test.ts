import { serverFaultTests } from "@holdfast/adapter-tests";
import { sentinelServers } from "./history-servers.js";

serverFaultTests("sentinels promote a replica, with durability.replicas", () => sentinelServers(1));

serverFaultTests("sentinels promote a replica, which loses the last of it and nothing else", () => sentinelServers());

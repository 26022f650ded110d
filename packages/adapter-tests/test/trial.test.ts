import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { processTests, largeValueTests } from "../src/index.js";
import { openRedis } from "./open.js";
const openStore = async () => ({ url: `${inject("holdfastRedisUrl")}#${randomUUID()}`, drop: async () => {} });
const target = { openStore, open: openRedis, close: (s: any) => s.end(), children: new URL("./children/", import.meta.url) };
processTests({ ...target, openEmptyStore: openStore, inspectSetup: async () => [] });
let n = 0;
largeValueTests({ ...target, roundTrips: () => n++ });

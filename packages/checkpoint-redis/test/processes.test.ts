import { processTests } from "@holdfast/adapter-tests";
import { inject } from "vitest";
import { keysUnder } from "./keyspace.js";
import { newStore, redisTarget } from "./redis-target.js";
import { partsOfStoreUrl } from "./store-url.js";

processTests({
  ...redisTarget,
  openEmptyStore: newStore,
  // Nothing: Redis needs nothing to be set up.
  inspectSetup: (url) => keysUnder([inject("holdfastRedisUrl")], partsOfStoreUrl(url).keyPrefix),
});

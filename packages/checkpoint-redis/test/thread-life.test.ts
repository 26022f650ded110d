import { threadLifeTests } from "@holdfast/adapter-tests";
import { askedBy, openCounted } from "./counted-savers.js";
import { redisTarget } from "./redis-target.js";
import { partsOfStoreUrl } from "./store-url.js";
import { underneath } from "./underneath.js";

threadLifeTests({
  ...redisTarget,
  open: openCounted,
  inspect(url, threadId) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    return underneath(server, keyPrefix, threadId);
  },
  roundTrips: (saver) => askedBy(saver).roundTrips,
});

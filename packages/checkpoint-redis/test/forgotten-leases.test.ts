import { forgottenLeaseTests } from "@holdfast/adapter-tests";
import { onServer, threadKey } from "./keyspace.js";
import { redisTarget } from "./redis-target.js";
import { partsOfStoreUrl } from "./store-url.js";

forgottenLeaseTests({
  ...redisTarget,
  async forgetLeases(url) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    const fields = ["lease_token", "lease_owner", "lease_until", "lease_tries", "lease_request", "lease_follows"];
    await onServer(server, (redis) => redis.hdel(threadKey(keyPrefix, "forgotten", "thread"), ...fields));
  },
});

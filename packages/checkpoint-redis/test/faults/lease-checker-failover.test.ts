import { integerOf, leaseCheckerTests } from "@holdfast/adapter-tests";
import type { RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { eventually, type RedisSentinel, redisRole, startRedisSentinel } from "@holdfast/test-servers";
import { closeCounted } from "../counted-savers.js";
import { leaseTarget } from "../lease-target.js";
import { openStore, sentinelStoreUrl } from "../store-url.js";

let group: RedisSentinel;

leaseCheckerTests({
  ...leaseTarget,
  async openStore() {
    group = await startRedisSentinel();
    return { url: sentinelStoreUrl(group), drop: () => group.stop() };
  },
  open: (url, options) => openStore(url, options as RedisSaverOptions),
  close: closeCounted,
  /** The master crashes; or is told to go, and goes on answering until it learns that it is a replica. */
  async failOver(random) {
    const master = await group.master();
    const isCrash = integerOf(random, 0, 1) === 0;
    await (isCrash ? master.kill() : group.failOver());
    await group.untilReplaced(master);
    // Not before: it would come back with nothing, and the replica would take that over.
    if (isCrash) await master.start();
    await eventually("the former master follows", async () => (await redisRole(master)) === "replica", { timeoutMs: 60_000 });
    await group.untilInSync();
  },
});

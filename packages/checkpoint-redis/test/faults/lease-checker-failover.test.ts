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
    // On a busy machine a server that says nothing for a second may still be there.
    group = await startRedisSentinel({ downAfterMs: 3_000 });
    return { url: sentinelStoreUrl(group), drop: () => group.stop() };
  },
  open: (url, options) => openStore(url, options as RedisSaverOptions),
  close: closeCounted,
  /** The master crashes; or is told to go, and goes on answering until it learns that it is a replica. */
  async failOver(random) {
    const master = await group.master();
    const isCrash = integerOf(random, 0, 1) === 0;
    await (isCrash ? master.kill() : group.failOver());
    const replacement = await group.untilReplaced(master);
    // Not before, and as a replica: it would come back with nothing, and the other would take that over.
    if (isCrash) await master.start({ replicaOf: replacement });
    // Perhaps the former one again: the sentinels may have done another failover by themselves.
    const isSettled = async (): Promise<boolean> => {
      const next = await group.master();
      const roles = await Promise.all(group.servers.map(redisRole));
      return roles.every((role, n) => role === (group.servers[n] === next ? "master" : "replica"));
    };
    await eventually("one of them is the master", isSettled, { timeoutMs: 120_000 });
    await group.untilInSync();
  },
});

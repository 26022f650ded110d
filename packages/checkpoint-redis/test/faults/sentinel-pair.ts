import type { RedisSentinel, RedisServer } from "@holdfast/test-servers";
import { onServer } from "../keyspace.js";
import type { Failover } from "./failover.js";

/** The failovers of a master with one replica, by sentinels. */
export function sentinelPair(group: RedisSentinel): Failover {
  return {
    servers: group.servers,
    async pair() {
      const master = await group.master();
      const [replica] = group.servers.filter((server) => server !== master);
      if (replica === undefined) throw new Error("There is no replica.");
      return [master, replica];
    },
    async untilReplaced(master) {
      const next = await group.untilReplaced(master);
      // Not before, and as a replica: as a master with nothing in it, it was sometimes made the master again, and the replica took that over.
      await master.start({ replicaOf: next });
      await group.untilInSync();
    },
  };
}

/** From now on, what the master is told does not reach the replica, which the sentinels promote all the same. Gives what undoes it. */
export async function cutReplication(master: RedisServer, replica: RedisServer): Promise<() => Promise<void>> {
  const setPassword = (text: string) => onServer(replica.url, (redis) => redis.config("SET", "masterauth", text));
  await setPassword("not the password");
  await onServer(master.url, (redis) => redis.call("CLIENT", "KILL", "TYPE", "replica"));
  return async () => {
    await setPassword(master.password);
    // A sentinel that promotes a server has it write down how it is set.
    await onServer(replica.url, (redis) => redis.config("REWRITE"));
  };
}

import { randomUUID } from "node:crypto";
import { type ConformanceTarget, holdfastErrors } from "@holdfast/checkpoint-conformance/runner";
import type { RedisSaver, RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { Redis } from "ioredis";
import { askedBy, closeCounted, openOn } from "../../../checkpoint-redis/test/counted-savers.js";
import { inspectThread } from "../../../checkpoint-redis/test/keyspace.js";
import { serverUrl } from "../server-urls.js";

/** Every operation once: the server learns the scripts at their first use, by a round trip more. */
async function loadScripts(saver: RedisSaver): Promise<void> {
  const thread = { thread_id: randomUUID(), checkpoint_ns: "" };
  const checkpoint = { v: 4, id: "1", ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  const config = { configurable: { ...thread, checkpoint_id: "1" } };
  await saver.put({ configurable: thread }, checkpoint, { source: "loop", step: 0, parents: {} }, {});
  await saver.putWrites(config, [["channel", 1]], "task");
  await saver.getTuple(config);
  await saver.getDeltaChannelHistory({ config, channels: ["channel"] });
  await saver.list(config).next();
  await saver.deleteThread(thread.thread_id);
  await closeCounted(saver);
}

/** Our saver, on keys of its own. */
export default async function holdfastRedis(): Promise<ConformanceTarget> {
  const url = await serverUrl("REDIS");
  const keyPrefix = randomUUID();
  const open = (options: RedisSaverOptions = {}): RedisSaver => openOn(new Redis(url), { keyPrefix, ...options });
  await loadScripts(open());
  return {
    name: "@holdfast/checkpoint-redis",
    errors: holdfastErrors,
    open: async (options = {}) => open(options),
    close: (saver) => closeCounted(saver as RedisSaver),
    inspect: (threadId) => inspectThread([url], keyPrefix, threadId),
    roundTrips: (saver) => askedBy(saver).roundTrips,
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const prefix = randomUUID();
        return Array.from({ length: count }, () => open({ keyPrefix: prefix }));
      },
      setup: async (saver) => void (await (saver as RedisSaver).setup()),
      needsSetup: false,
    },
  };
}

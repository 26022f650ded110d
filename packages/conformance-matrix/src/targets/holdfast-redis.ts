import { randomUUID } from "node:crypto";
import { type ConformanceTarget, holdfastErrors, type SpawnedTarget } from "@holdfast/checkpoint-conformance/runner";
import type { RedisSaver, RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { Redis } from "ioredis";
import { askedBy, closeCounted, openOn } from "../../../checkpoint-redis/test/counted-savers.js";
import { endConnections, inspectThread } from "../../../checkpoint-redis/test/keyspace.js";
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

interface Keys {
  readonly url: string;
  readonly keyPrefix: string;
}

const savers = ({ url, keyPrefix }: Keys) => {
  const open = (options: RedisSaverOptions = {}): RedisSaver =>
    openOn(new Redis(url, { connectionName: keyPrefix }), { keyPrefix, ...options });
  return {
    name: "@holdfast/checkpoint-redis",
    open: async (options = {}) => open(options),
    close: (saver) => closeCounted(saver as RedisSaver),
    lifecycle: { setup: async (saver) => void (await (saver as RedisSaver).setup()) },
  } satisfies SpawnedTarget;
};

/** Our saver, on keys of its own; in another process, on those of the process that started it. */
export default async function holdfastRedis(given?: Keys): Promise<ConformanceTarget | SpawnedTarget> {
  if (given !== undefined) return savers(given);
  const url = await serverUrl("REDIS");
  const keyPrefix = randomUUID();
  const { lifecycle, ...target } = savers({ url, keyPrefix });
  await loadScripts(await target.open());
  return {
    ...target,
    errors: holdfastErrors,
    inspect: (threadId) => inspectThread([url], keyPrefix, threadId),
    roundTrips: (saver) => askedBy(saver).roundTrips,
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const empty = savers({ url, keyPrefix: randomUUID() });
        return Promise.all(Array.from({ length: count }, () => empty.open()));
      },
      ...lifecycle,
      needsSetup: false,
    },
    spawn: ({ onEmptyStore }) => {
      const store: Keys = { url, keyPrefix: onEmptyStore ? randomUUID() : keyPrefix };
      return { module: import.meta.url, store };
    },
    interrupt: async () => void (await endConnections([url], keyPrefix)),
  };
}

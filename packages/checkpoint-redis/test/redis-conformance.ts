import { randomUUID } from "node:crypto";
import { type BundledChild, bundleChild, upstreamValidation } from "@holdfast/adapter-tests";
import { allSuites, asInMemory, caseCount, checkpointConformance, holdfastErrors } from "@holdfast/checkpoint-conformance";
import type { RedisClient, RedisSaver, RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { RedisKeys } from "./children/conformance-target.js";
import { askedBy, closeCounted, openOn } from "./counted-savers.js";
import { endConnections, inspectThread } from "./keyspace.js";
import type { RedisPlace } from "./redis-place.js";

/** All cases of the suite. A case more is a number to change here; one that got lost is noticed. */
const CASES = 351;

/** What another way to Redis can change. Whole programs are compared with MemorySaver by the first way alone: they make the same calls. */
export const callSuites = allSuites.filter((suite) => !asInMemory.includes(suite));

/** Redis of one kind, by one client. Asked for when the tests run. */
export interface RedisKind {
  readonly name: string;
  /** Default: all. */
  readonly suites?: typeof allSuites;
  /** @param connectionName what the server is told that its clients are called. */
  connect(connectionName?: string): RedisClient;
  /** For clients in other processes. */
  place(): RedisPlace;
  /** URLs of the servers that may be written. */
  masters(): Promise<readonly string[]>;
}

/** The server that all tests share, by one kind of client. */
export function sharedServer(name: string, connect: (url: string, connectionName?: string) => RedisClient): RedisKind {
  const url = (): string => inject("holdfastRedisUrl");
  return {
    name,
    connect: (connectionName) => connect(url(), connectionName),
    place: () => ({ kind: "server", url: url() }),
    masters: async () => [url()],
  };
}

/** Registers the suites. */
export function redisConformance({ name, suites = allSuites, connect, place, masters }: RedisKind): void {
  const keyPrefix = randomUUID();
  let prefixes = 0;
  const newPrefix = (): string => {
    prefixes += 1;
    return `${keyPrefix}-${prefixes}`;
  };
  let otherProcess: BundledChild;
  const open = (options: RedisSaverOptions): RedisSaver => openOn(connect(keyPrefix), { keyPrefix, ...options });

  const target = {
    name,
    errors: holdfastErrors,
    open: async (options = {}) => open(options),
    close: (saver) => closeCounted(saver as RedisSaver),
    inspect: async (threadId) => inspectThread(await masters(), keyPrefix, threadId),
    roundTrips: (saver) => askedBy(saver).roundTrips,
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const empty = newPrefix();
        return Array.from({ length: count }, () => openOn(connect(), { keyPrefix: empty }));
      },
      setup: async (saver) => void (await (saver as RedisSaver).setup()),
      needsSetup: false,
    },
    spawn: ({ onEmptyStore }) => {
      const store: RedisKeys = { place: place(), keyPrefix: onEmptyStore ? newPrefix() : keyPrefix };
      return { module: otherProcess.path, store };
    },
    interrupt: async () => {
      const ended = await endConnections(await masters(), keyPrefix);
      expect(ended, "connections that were cut").toBeGreaterThan(0);
    },
  } satisfies Parameters<typeof checkpointConformance>[0];

  describe(name, () => {
    beforeAll(async () => {
      otherProcess = await bundleChild(new URL("./children/conformance-target.ts", import.meta.url));
      await loadScripts(openOn(connect(), { keyPrefix: `${keyPrefix}-scripts` }));
    });
    afterAll(async () => otherProcess?.remove());
    checkpointConformance(target, suites);
    it(`C-84 ${CASES} cases were run, and none left out`, () => {
      const { run, leftOut } = caseCount(target, allSuites);
      expect(run + leftOut).toBe(CASES);
      expect(allSuites.flatMap((suite) => suite.cases).length).toBe(CASES);
    });
    it("C-29 verify finds nothing wrong with what the cases have left", async () => {
      const saver = open({});
      const { threads, problems } = await saver.verify();
      await closeCounted(saver);
      expect(threads).toBeGreaterThan(10);
      // Some cases have a serializer of their own.
      expect(problems.filter(({ kind }) => kind !== "unreadable")).toEqual([]);
    });
  });
}

/** Registers upstream's own suite, in full. */
export function redisUpstream({ name, connect }: Pick<RedisKind, "name"> & { connect(): RedisClient }): void {
  upstreamValidation({
    name: `@holdfast/checkpoint-redis, ${name}`,
    openStore: async () => ({ url: randomUUID(), drop: async () => {} }),
    open: (keyPrefix) => openOn(connect(), { keyPrefix }),
    close: closeCounted,
  });
}

/** Every server learns the scripts at their first use, by a round trip more; from then on, the path is the usual one. */
export async function loadScripts(saver: RedisSaver): Promise<void> {
  for (let n = 0; n < 24; n += 1) {
    const thread = { thread_id: `thread ${n}`, checkpoint_ns: "" };
    const checkpoint = { v: 4, id: "1", ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
    await saver.put({ configurable: thread }, checkpoint, { source: "loop", step: 0, parents: {} }, {});
    const config = { configurable: { ...thread, checkpoint_id: "1" } };
    await saver.putWrites(config, [["channel", 1]], "task");
    await saver.getTuple(config);
    await saver.getDeltaChannelHistory({ config, channels: ["channel"] });
    await saver.list(config).next();
    await saver.persist(thread.thread_id);
    await (await saver.acquireThread(thread.thread_id)).release();
    if (n === 0) await saver.list({}).next();
    await saver.deleteThread(thread.thread_id);
  }
  await closeCounted(saver);
}

import type { RedisClient, RedisSaver, RedisSaverOptions } from "@holdfast/checkpoint-redis";
import {
  eventually,
  type RedisCluster,
  type RedisReplication,
  type RedisSentinel,
  type RedisServer,
  startRedis,
  startRedisCluster,
  startRedisReplication,
  startRedisSentinel,
} from "@holdfast/test-servers";
import { Cluster, Redis } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { put, read, write } from "./checkpoints.js";
import { askedBy, closeCounted, openOn } from "./counted-savers.js";
import { onServer, threadKey } from "./keyspace.js";

/** For a replica that goes on: it has the write well within this, however busy the machine is, and nothing is tried again. */
const STEADY: RedisSaverOptions = { durability: { replicas: 1, timeoutMs: 5_000 }, retry: { maxAttempts: 1 } };
/** Gives up soon: what a replica that stands still does not have now, it will not have. */
const IMPATIENT: RedisSaverOptions = {
  durability: { replicas: 1, timeoutMs: 50 },
  retry: { maxAttempts: 2, minDelayMs: 1 },
};
/** Waits as long as the test does. */
const PATIENT: RedisSaverOptions = {
  durability: { replicas: 1, timeoutMs: 50 },
  retry: { maxAttempts: 10_000, maxElapsedMs: 50_000, minDelayMs: 1, maxDelayMs: 50 },
};
const NOT_DURABLE = { code: "HOLDFAST_NOT_DURABLE", message: expect.stringContaining("0 of 1 replicas") };

const warnings: (Error & { readonly code?: string })[] = [];
const isShort = ({ code }: { readonly code?: string }): boolean => code === "HOLDFAST_NOT_DURABLE";
const note = (warning: Error): void => void warnings.push(warning);
beforeAll(() => void process.on("warning", note));
afterAll(() => void process.off("warning", note));

/** Keys of the thread on a replica: it reads them for everybody who says READONLY, as it must in a cluster. */
async function partsOn(replica: RedisServer, thread: string): Promise<number> {
  return onServer(replica.url, async (redis) => {
    await redis.call("READONLY").catch(() => {});
    return redis.exists(["thread", "checkpoints", "order"].map((part) => threadKey("holdfast", thread, part)));
  });
}

interface Topology {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  open(options: RedisSaverOptions): RedisSaver;
  /** The one replica of the master that has this thread. */
  replicaOf(thread: string): Promise<RedisServer>;
}

let replication: RedisReplication | undefined;
let cluster: RedisCluster | undefined;
let group: RedisSentinel | undefined;

type Nodes = { readonly host: string; readonly port: number }[];

function onCluster(name: string, connect: (nodes: Nodes, options: { readonly password: string }) => RedisClient): Topology {
  return {
    name,
    start: async () => {
      cluster = await startRedisCluster({ replicas: 1 });
    },
    stop: async () => cluster?.stop(),
    open: (options) => openOn(connect([...(cluster?.nodes ?? [])], { password: cluster?.password ?? "" }), options),
    replicaOf: async (thread) => {
      const master = await cluster?.masterOf(threadKey("holdfast", thread, "thread"));
      return (await cluster?.replicasOf(master as RedisServer))?.[0] as RedisServer;
    },
  };
}

const topologies: readonly Topology[] = [
  {
    name: "a master with a replica, ioredis 6",
    start: async () => {
      replication = await startRedisReplication({ replicas: 1 });
    },
    stop: async () => replication?.stop(),
    open: (options) => openOn(new Redis(replication?.master.url ?? ""), options),
    replicaOf: async () => replication?.replicas[0] as RedisServer,
  },
  onCluster("a cluster, ioredis 5", (nodes, redisOptions) => new Cluster5(nodes, { redisOptions })),
  onCluster("a cluster, ioredis 6", (nodes, redisOptions) => new Cluster(nodes, { redisOptions })),
  {
    name: "Sentinel, ioredis 5",
    start: async () => {
      group = await startRedisSentinel({ replicas: 1 });
    },
    stop: async () => group?.stop(),
    open: (options) =>
      openOn(
        new Redis5({ sentinels: [...(group?.sentinels ?? [])], name: group?.name ?? "", password: group?.password ?? "" }),
        options,
      ),
    replicaOf: async () => {
      const master = await group?.master();
      return group?.servers.find((server) => server !== master) as RedisServer;
    },
  },
];

for (const { name, start, stop, open, replicaOf } of topologies) {
  describe(name, () => {
    beforeAll(start);
    afterAll(stop);

    it("C-87 a write is acknowledged when the replica has it, in one round trip", async () => {
      const saver = open(STEADY);
      for (let n = 0; n < 8; n += 1) {
        await put(saver, `thread ${n}`);
        expect(await partsOn(await replicaOf(`thread ${n}`), `thread ${n}`)).toBe(3);
        await saver.deleteThread(`thread ${n}`);
        expect(await partsOn(await replicaOf(`thread ${n}`), `thread ${n}`)).toBe(0);
      }
      await put(saver, "counted");
      await write(saver, "counted");
      const before = askedBy(saver).roundTrips;
      await put(saver, "counted", { id: "2" });
      await write(saver, "counted", "other");
      expect(askedBy(saver).roundTrips - before).toBe(2);
      await closeCounted(saver);
    });

    it("C-87 while the replica stands still, a write fails within the budget, or waits until it goes on", async () => {
      const [impatient, patient] = [open(IMPATIENT), open(PATIENT)];
      await put(patient, "thread");
      const replica = await replicaOf("thread");
      await replica.pause();
      await expect(put(impatient, "thread", { id: "2", value: "second" })).rejects.toMatchObject(NOT_DURABLE);
      await expect(write(impatient, "thread")).rejects.toMatchObject(NOT_DURABLE);
      await expect(impatient.persist("thread")).rejects.toMatchObject(NOT_DURABLE);
      expect(await read(impatient, "thread"), "the write was made, and reading waits for nobody").toBe("second");

      const before = askedBy(patient).roundTrips;
      const waiting = put(patient, "thread", { id: "3", value: "third" });
      await eventually("it was tried again", () => askedBy(patient).roundTrips - before > 2);
      await replica.resume();
      await waiting;
      expect(await partsOn(replica, "thread")).toBe(3);
      const ids: string[] = [];
      for await (const { checkpoint } of patient.list({ configurable: { thread_id: "thread" } })) ids.push(checkpoint.id);
      expect(ids, "each once, however often it was tried").toEqual(["3", "2", "1"]);
      await Promise.all([closeCounted(impatient), closeCounted(patient)]);
    });

    it("C-87 C-90 a lease that too few replicas know of is not given; tried again, it is the same one", async () => {
      const [impatient, patient] = [open(IMPATIENT), open(PATIENT)];
      await put(patient, "leased");
      await put(patient, "not leased");
      const replica = await replicaOf("leased");
      const other = await replicaOf("not leased");
      await replica.pause();
      const before = askedBy(patient).roundTrips;
      const waiting = patient.acquireThread("leased");
      await eventually("it was tried again", () => askedBy(patient).roundTrips - before > 2);
      await replica.resume();
      const lease = await waiting;
      await lease.release();
      await other.pause();
      await expect(impatient.acquireThread("not leased")).rejects.toMatchObject(NOT_DURABLE);
      await other.resume();
      // Nobody has it, so nobody need wait until its time is up.
      await (await patient.acquireThread("not leased")).release();
      await Promise.all([closeCounted(impatient), closeCounted(patient)]);
    });

    it("C-87 C-96 an abandoned thread whose lease too few replicas know of stays abandoned", async () => {
      const [impatient, patient] = [open(IMPATIENT), open(PATIENT)];
      await put(patient, "abandoned");
      (await patient.acquireThread("abandoned", { ttlMs: 50 })).leave();
      const replica = await replicaOf("abandoned");
      const found = async (): Promise<[string, number] | undefined> => {
        for await (const { threadId, tries, lease } of patient.abandonedThreads()) {
          await lease.release();
          return [threadId, tries];
        }
        return undefined;
      };
      await replica.pause();
      const lateAsk = async (): Promise<unknown> => (await impatient.abandonedThreads().next()).value;
      const refused = await eventually("its lease has ended", () => lateAsk().catch((error: unknown) => error));
      expect(refused).toMatchObject(NOT_DURABLE);
      await replica.resume();
      expect(await eventually("it is found", found)).toEqual(["abandoned", 1]);
      expect(await found()).toBeUndefined();
      await Promise.all([closeCounted(impatient), closeCounted(patient)]);
    });

    it('C-87 with whenShort "warn", it warns and goes on', async () => {
      const saver = open({ ...IMPATIENT, durability: { replicas: 1, timeoutMs: 50, whenShort: "warn" } });
      await put(saver, "warned");
      const replica = await replicaOf("warned");
      const before = warnings.filter(isShort).length;
      await replica.pause();
      await put(saver, "warned", { id: "2", value: "second" });
      await write(saver, "warned");
      await write(saver, "warned", "other");
      expect(await read(saver, "warned")).toBe("second");
      await replica.resume();
      await closeCounted(saver);
      // Once a minute, for the whole process: not once for each write or kind of server.
      await eventually("the process was warned", () => warnings.some(isShort));
      expect(warnings.filter(isShort).length - before, "of three writes").toBeLessThanOrEqual(1);
    });

    it("C-87 with the replica killed, only what that master has is refused, and setup() says so", async () => {
      const [impatient, steady] = [open(IMPATIENT), open(STEADY)];
      const threads = Array.from({ length: 12 }, (_, n) => `killed ${n}`);
      const replica = await replicaOf("killed 0");
      const lost = await Promise.all(threads.map(async (thread) => (await replicaOf(thread)) === replica));
      await replica.kill();
      for (const [n, thread] of threads.entries()) {
        if (lost[n]) await expect(put(impatient, thread), thread).rejects.toMatchObject(NOT_DURABLE);
        else await put(steady, thread);
      }
      await eventually("the master has noticed", async () =>
        (await steady.setup()).warnings.some(({ code }) => code === "TOO_FEW_REPLICAS"),
      );
      await replica.start();
      await Promise.all([closeCounted(impatient), closeCounted(steady)]);
    });
  });
}

describe("on disk", () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis({ private: true, appendOnly: true });
  });
  afterAll(async () => server?.stop());

  /** WAITAOF came with Redis 7.2; whether it does what it says is tested where such a server, or Valkey, is installed. */
  it("C-87 fsync: setup() refuses a server without WAITAOF; one that has it acknowledges what is on its disk", async () => {
    const saver = openOn(new Redis(server.url), { durability: { fsync: true } });
    const [major = 0, minor = 0] = server.version.split(".").map(Number);
    if (major < 7 || (major === 7 && minor < 2)) {
      const refused = { code: "HOLDFAST_UNSUPPORTED_SERVER", message: expect.stringContaining(`127.0.0.1:${server.port}`) };
      await expect(saver.setup()).rejects.toMatchObject(refused);
      await expect(put(saver, "thread"), "without setup(), nothing is acknowledged").rejects.toMatchObject({
        code: "HOLDFAST_STORE_FAILURE",
      });
    } else {
      expect(await saver.setup()).toEqual({ warnings: [] });
      await put(saver, "thread", { value: "on disk" });
      await server.kill();
      await server.start();
      expect(await read(saver, "thread")).toBe("on disk");
    }
    await closeCounted(saver);
  });
});

describe("options", () => {
  const bad: readonly object[] = [
    { replicas: -1 },
    { replicas: 1.5 },
    { replicas: "1" },
    { fsync: 1 },
    { replicas: 1, timeoutMs: 0 },
    { replicas: 1, timeoutMs: 10_000 },
    { replicas: 1, whenShort: "ignore" },
    { replcias: 1 },
  ];
  for (const durability of bad) {
    it(`C-87 durability of ${JSON.stringify(durability)} is refused when the saver is made`, () => {
      const client = new Redis({ lazyConnect: true });
      expect(() => openOn(client, { durability })).toThrow(expect.objectContaining({ code: "HOLDFAST_INVALID_OPTIONS" }));
    });
  }
});

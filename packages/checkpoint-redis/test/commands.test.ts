import { runOrders } from "@holdfast/adapter-tests";
import { type RedisSaver, withTtl } from "@holdfast/checkpoint-redis";
import {
  type MonitoredCommand,
  monitorRedis,
  type RedisCluster,
  type RedisMonitor,
  startRedisCluster,
} from "@holdfast/test-servers";
import { Annotation, DeltaChannel, START, StateGraph } from "@langchain/langgraph";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { at, put, read, write } from "./checkpoints.js";
import { closeCounted, openOn } from "./counted-savers.js";
import { onServer } from "./keyspace.js";
import { loadScripts } from "./redis-conformance.js";

/** What the server got of one script: its keys as it declares them, and the commands it called. */
interface RunScript {
  readonly keys: readonly string[];
  readonly called: readonly (readonly string[])[];
}

let cluster: RedisCluster;
let monitors: RedisMonitor[];
let saver: RedisSaver;

beforeAll(async () => {
  cluster = await startRedisCluster({ masters: 3, replicas: 0 });
  const client = new Cluster([...cluster.nodes], { redisOptions: { password: cluster.password } });
  saver = openOn(client, { ttl: { defaultTTL: 60, refreshOnRead: true }, retention: { keepLast: 1 } });
  await loadScripts(openOn(new Cluster([...cluster.nodes], { redisOptions: { password: cluster.password } }), {}));
  monitors = await Promise.all(cluster.servers.map(({ url }) => monitorRedis(url)));
});
afterAll(async () => {
  await Promise.all(monitors?.map((monitor) => monitor.stop()) ?? []);
  if (saver !== undefined) await closeCounted(saver);
  await cluster?.stop();
});

const text = (argument = ""): string => Buffer.from(argument, "latin1").toString("utf8");

/** What clients of the cluster ask by themselves: who they are, and where the slots are. */
const HOUSEKEEPING = new Set(["auth", "hello", "client", "info", "cluster", "readonly", "ping", "command", "echo"]);

/** The commands of each server since the last time, without housekeeping. */
async function commands(): Promise<MonitoredCommand[][]> {
  const lists = await Promise.all(monitors.map((monitor) => monitor.take()));
  return lists.map((list) => list.filter(({ args, isFromScript }) => isFromScript || !HOUSEKEEPING.has(nameOf(args))));
}

const nameOf = (args: readonly string[]): string => text(args[0]).toLowerCase();

/** The scripts that were run since the last time. Clients have sent nothing else. */
async function scripts(): Promise<RunScript[]> {
  const run: { keys: string[]; called: string[][] }[] = [];
  for (const list of await commands()) {
    for (const { args, isFromScript } of list) {
      // What a script calls comes right behind it: nothing runs between.
      if (isFromScript) run.at(-1)?.called.push(args.map(text));
      else {
        expect(["evalsha", "eval"], `a client sent ${args.map(text).join(" ").slice(0, 200)}`).toContain(nameOf(args));
        run.push({ keys: args.slice(3, 3 + Number(args[2])).map(text), called: [] });
      }
    }
  }
  return run;
}

const SCANS = /^(keys|scan|[hsz]scan|randomkey|dbsize|sort|flush.*|.*\..*)$/;

/**
 * A script declares what it touches, all of that is in one slot, and it looks through nothing.
 *
 * @param allowed what it may look through all the same.
 */
async function expectInOrder(all: readonly RunScript[], allowed?: "hscan"): Promise<void> {
  const [{ url } = { url: "" }] = cluster.servers;
  await onServer(url, async (redis) => {
    const known = new Map<string, number>();
    for (const key of new Set(all.flatMap(({ keys }) => keys)))
      known.set(key, Number(await redis.call("CLUSTER", "KEYSLOT", key)));
    for (const { keys, called } of all) {
      expect(keys.length, "declared keys").toBeGreaterThan(0);
      expect(new Set(keys.map((key) => known.get(key))).size, `slots of ${keys}`).toBe(1);
      for (const command of called) {
        if (command[0]?.toLowerCase() !== allowed) expect(command[0]?.toLowerCase()).not.toMatch(SCANS);
        for (const key of await keysOf(redis, command)) expect(keys, `declared, for ${command.slice(0, 2)}`).toContain(key);
      }
    }
  });
}

/** The keys of a command, as the server itself finds them. */
const found = new Map<string, readonly string[]>();
async function keysOf(
  redis: { call(...args: [string, ...string[]]): Promise<unknown> },
  command: readonly string[],
): Promise<readonly string[]> {
  if (command[0]?.toLowerCase() === "time") return [];
  // The values say nothing about keys, and are long; but how many there are does.
  const short = command.map((argument) => argument.slice(0, 300));
  const id = JSON.stringify(short.slice(0, 8));
  const keys = found.get(id) ?? ((await redis.call("COMMAND", "GETKEYS", ...short)) as string[]);
  found.set(id, keys);
  return keys;
}

beforeEach(async () => {
  await put(saver, "warm");
  await write(saver, "warm");
  await commands();
});

const listed = async (
  config: Parameters<RedisSaver["list"]>[0],
  options?: Parameters<RedisSaver["list"]>[1],
): Promise<number> => {
  let count = 0;
  for await (const _ of saver.list(config, options)) count += 1;
  return count;
};

/** Each is one script, on the keys of the thread. */
const operations: Record<string, () => Promise<unknown>> = {
  put: () => put(saver, "warm", { id: "2", value: "x".repeat(30_000) }),
  "put of what is there": () => put(saver, "warm"),
  putWrites: () => write(saver, "warm", "other"),
  getTuple: () => read(saver, "warm"),
  "getTuple by id": () => saver.getTuple(at("warm", "1")),
  "getTuple of a thread that is not there": () => read(saver, "nobody"),
  list: () => listed(at("warm")),
  "list from a checkpoint on": () => listed(at("warm"), { before: at("warm", "2"), limit: 2 }),
  getDeltaChannelHistory: () => saver.getDeltaChannelHistory({ config: at("warm", "2"), channels: ["a"] }),
};

for (const [name, run] of Object.entries(operations)) {
  it(`C-88 ${name} is one script, on keys of the thread that are in one slot`, async () => {
    await run();
    const ran = await scripts();
    expect(ran).toHaveLength(1);
    const thread = name.includes("not there") && name.startsWith("getTuple") ? "nobody" : "warm";
    for (const key of ran[0]?.keys ?? []) expect(key).toContain(`:{${thread}}:`);
    await expectInOrder(ran);
  });
}

/** Each is one script on the keys of the thread, and others on the index, which is elsewhere. */
const indexed: Record<string, { readonly run: () => Promise<unknown>; readonly onThread: number }> = {
  "a put that begins a thread": { run: () => put(saver, "begun"), onThread: 1 },
  "writes that begin a thread": { run: () => write(saver, "begun by writes"), onThread: 1 },
  "a put with a time of its own": { run: () => put(saver, "warm", { config: (config) => withTtl(config, 5) }), onThread: 1 },
  deleteThread: { run: () => saver.deleteThread("warm"), onThread: 3 },
  persist: { run: () => saver.persist("warm"), onThread: 1 },
  "taking a lease and giving it back": { run: async () => (await saver.acquireThread("warm")).release(), onThread: 2 },
};

for (const [name, { run, onThread }] of Object.entries(indexed)) {
  it(`C-88 ${name} is ${onThread === 1 ? "one script" : `${onThread} scripts`} on the thread, beside those on one shard of the index`, async () => {
    await run();
    const ran = await scripts();
    const [ofIndex, ofThread] = [
      ran.filter(({ keys }) => keys[0]?.includes(":index:")),
      ran.filter(({ keys }) => !keys[0]?.includes(":index:")),
    ];
    expect(ofThread).toHaveLength(onThread);
    expect(ofIndex.length).toBeLessThanOrEqual(onThread);
    await expectInOrder(ran);
  });
}

/** Of these, each script is in order, too; only one of them may look through a part of a thread by HSCAN, see `free-segments.ids.lua`. */
const ofThreads: Record<string, () => Promise<unknown>> = {
  prune: () => saver.prune(["warm"], { keepLast: 1 }),
  "a dry run": () => saver.prune(["warm"], { dryRun: true }),
  deleteForRuns: () => saver.deleteForRuns(["a run"]),
  copyThread: () => saver.copyThread("warm", `copy ${Math.random()}`),
  listThreads: () => saver.listThreads({ prefix: "warm" }).next(),
  stats: () => saver.stats("warm"),
  sweep: () => saver.sweep(),
};

for (const [name, run] of Object.entries(ofThreads)) {
  it(`C-88 ${name} sends nothing but scripts that are in order`, async () => {
    await put(saver, "warm", {
      id: "2",
      value: "x".repeat(30_000),
      config: (config) => ({ ...config, metadata: { run_id: "a run" } }),
    });
    await commands();
    await run();
    await expectInOrder(await scripts());
  });
}

it("C-29 C-88 verify sends nothing but scripts that are in order, and looks through threads by HSCAN alone", async () => {
  const { threads } = await saver.verify();
  expect(threads).toBeGreaterThan(0);
  await expectInOrder(await scripts(), "hscan");
});

it("C-88 a list of all threads reads the 16 shards of the index, and then its threads one by one", async () => {
  await Promise.all(Array.from({ length: 20 }, (_, n) => put(saver, `one of ${n}`)));
  await commands();
  const count = await listed({});
  expect(count).toBeGreaterThanOrEqual(20);
  const ran = await scripts();
  expect(ran.filter(({ keys }) => keys[0]?.includes(":index:"))).toHaveLength(16);
  await expectInOrder(ran);
});

const Log = Annotation.Root({
  input: Annotation<string>,
  log: () =>
    new DeltaChannel<string[], string | string[]>((all: string[], more: readonly (string | string[])[]) => all.concat(...more)),
});

const logGraph = () =>
  new StateGraph(Log)
    .addNode("note", ({ input }) => ({ log: [`noted ${input}`] }))
    .addEdge(START, "note")
    .compile({ checkpointer: saver });

it("C-88 whole runs of graphs, with subgraphs, delta channels, leases and deletes, send nothing but scripts that are in order", async () => {
  await Promise.all([
    runOrders(saver, "orders {1}", ["first", "second"]),
    runOrders(saver, "orders *", ["first"]),
    (async () => {
      for (let turn = 0; turn < 5; turn += 1)
        await logGraph().invoke({ input: `${turn}` }, { configurable: { thread_id: "log" } });
    })(),
  ]);
  expect((await logGraph().getState({ configurable: { thread_id: "log" } })).values.log).toHaveLength(5);
  expect(await listed({}, { filter: { source: "loop" } })).toBeGreaterThan(10);
  for await (const { lease } of saver.abandonedThreads()) await lease.release();
  await saver.deleteThread("orders *");
  const ran = await scripts();
  expect(ran.length).toBeGreaterThan(50);
  await expectInOrder(ran);
});

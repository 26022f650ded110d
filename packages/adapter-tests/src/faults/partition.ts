import type { RetryOptions } from "@holdfast/checkpoint-core";
import { eventually, type RequestMatch, startTcpProxy, type TcpProxy } from "@holdfast/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { at, checkpointOf, listedIds, putWhole } from "../plain-checkpoints.js";
import type { TestedSaver } from "../target.js";
import type { ProxiedTarget, ServerStore } from "./proxied-store.js";

export interface ImpatientOptions {
  /** How long a request waits for its answer, and a connection to come up. */
  readonly timeoutMs: number;
  readonly retry: RetryOptions;
}

export interface PartitionTarget extends Omit<ProxiedTarget, "open"> {
  /** A saver on a store that opens its own connections. */
  openImpatient(url: string, options: ImpatientOptions): TestedSaver;
  /** Whether a request deletes a thread. */
  readonly deletes: RequestMatch;
  /** Whether a request stores pending writes. */
  readonly writes: RequestMatch;
}

/** Registers the tests of a network on which nothing gets through any more. */
export function partitionTests(target: PartitionTarget): void {
  let store: ServerStore;
  let proxy: TcpProxy;
  const savers: TestedSaver[] = [];

  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => store?.drop());
  beforeEach(async () => {
    proxy = await startTcpProxy(store);
  });
  afterEach(async () => {
    await Promise.all(savers.splice(0).map((saver) => target.close(saver)));
    await proxy.stop();
  });

  function open(options: ImpatientOptions): TestedSaver {
    const saver = target.openImpatient(target.through(proxy, store.url), options);
    savers.push(saver);
    return saver;
  }

  it("C-70 a statement that gets no answer is given up and tried on a new connection", async () => {
    const saver = open({ timeoutMs: 300, retry: { maxAttempts: 1_000, maxDelayMs: 100 } });
    const thread = "given up";
    const [first, second] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2, text: "of the second".repeat(1_000) }, 2)];
    await putWhole(saver, thread, first);
    const before = proxy.connections;
    proxy.blackhole();
    const putting = putWhole(saver, thread, second, first.id);
    await eventually("new connections are tried", () => proxy.connections >= before + 2);
    // What was held back arrives as well, at the side of the repetition.
    proxy.restore();
    await putting;
    expect(await listedIds(saver, thread)).toEqual([second.id, first.id]);
  });

  /** Does something whose first try the network holds until the second has gone through and others have acted on it. */
  async function arrivesLate(
    operation: (saver: TestedSaver) => Promise<unknown>,
    meanwhile: (other: TestedSaver) => Promise<unknown>,
    held: RequestMatch = () => true,
  ): Promise<TestedSaver> {
    const saver = open({ timeoutMs: 300, retry: { maxAttempts: 1_000, maxDelayMs: 100 } });
    const other = target.openImpatient(store.url, { timeoutMs: 10_000, retry: {} });
    savers.push(other);
    await saver.getTuple(at("connects"));
    let isHeld = false;
    // Looks at requests on their way, and lets all of them go on.
    void proxy.cutBeforeRequest((request) => {
      if (!isHeld && held(request)) {
        isHeld = true;
        proxy.strand();
      }
      return false;
    });
    await operation(saver);
    expect(isHeld).toBe(true);
    await meanwhile(other);
    await proxy.deliver();
    return other;
  }

  it("C-51 C-72 a put whose first try arrives after its thread was deleted does not bring it back", async () => {
    const checkpoint = checkpointOf({ n: 1 });
    const other = await arrivesLate(
      (saver) => putWhole(saver, "deleted", checkpoint),
      async (elsewhere) => {
        expect(await listedIds(elsewhere, "deleted")).toEqual([checkpoint.id]);
        await elsewhere.deleteThread("deleted");
      },
    );
    expect(await listedIds(other, "deleted")).toEqual([]);
  });

  it("C-31 C-72 a put whose first try arrives after its checkpoint was pruned is not the head again", async () => {
    const [first, second] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2 }, 2)];
    const other = await arrivesLate(
      (saver) => putWhole(saver, "pruned", first),
      async (elsewhere) => {
        await putWhole(elsewhere, "pruned", second, first.id);
        await elsewhere.prune(["pruned"], { keepLast: 1 });
        expect(await listedIds(elsewhere, "pruned")).toEqual([second.id]);
      },
    );
    expect(await listedIds(other, "pruned")).toEqual([second.id]);
    expect((await other.getTuple(at("pruned")))?.checkpoint.id).toBe(second.id);
  });

  it("C-31 of two puts of one checkpoint the later one counts, also when the first try of the earlier one arrives last", async () => {
    const [first, second] = [checkpointOf({ n: 1, only: "first" }), checkpointOf({ n: 2 }, 2)];
    const again = { ...second, id: first.id };
    const other = await arrivesLate(
      async (saver) => {
        await putWhole(saver, "replaced", first);
        await putWhole(saver, "replaced", again);
      },
      async () => {},
    );
    expect((await other.getTuple(at("replaced")))?.checkpoint.channel_values).toEqual({ n: 2 });
  });

  it("C-31 C-41 of two special writes the later one counts, also when the first try of the earlier one arrives last", async () => {
    const checkpoint = checkpointOf({ n: 1 });
    const seed = target.openImpatient(store.url, { timeoutMs: 10_000, retry: {} });
    savers.push(seed);
    await putWhole(seed, "answered", checkpoint);
    const config = at("answered", checkpoint.id);
    const answers = async (saver: TestedSaver): Promise<unknown> =>
      (await saver.getTuple(config))?.pendingWrites?.map(([, channel, value]) => [channel, value]);
    const other = await arrivesLate(
      async (saver) => {
        await saver.putWrites(config, [["__resume__", ["a"]]], "task");
        await saver.putWrites(config, [["__resume__", ["a", "b"]]], "task");
      },
      async () => {},
    );
    expect(await answers(other)).toEqual([["__resume__", ["a", "b"]]]);
  });

  it("C-31 C-41 a special write of another process counts, also when an earlier one's first try arrives last", async () => {
    const checkpoint = checkpointOf({ n: 1 });
    const config = at("answered elsewhere", checkpoint.id);
    const other = await arrivesLate(
      async (saver) => {
        await putWhole(saver, "answered elsewhere", checkpoint);
        await saver.putWrites(config, [["__resume__", ["a"]]], "task");
      },
      (elsewhere) => elsewhere.putWrites(config, [["__resume__", ["b"]]], "task"),
      target.writes,
    );
    expect((await other.getTuple(config))?.pendingWrites).toEqual([["task", "__resume__", ["b"]]]);
  });

  it("C-51 a deletion whose first try arrives late leaves the thread alone that has begun since", async () => {
    const [old, fresh] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2 })];
    const seed = target.openImpatient(store.url, { timeoutMs: 10_000, retry: {} });
    savers.push(seed);
    await putWhole(seed, "begun again", old);
    const other = await arrivesLate(
      (saver) => saver.deleteThread("begun again"),
      (elsewhere) => putWhole(elsewhere, "begun again", fresh),
      target.deletes,
    );
    expect(await listedIds(other, "begun again")).toEqual([fresh.id]);
  });

  it("C-51 C-71 a first checkpoint that is put again, given up and delivered late does not bring its deleted thread back", async () => {
    const first = checkpointOf({ n: 1 });
    const other = target.openImpatient(store.url, { timeoutMs: 10_000, retry: {} });
    savers.push(other);
    const saver = open({ timeoutMs: 300, retry: { maxAttempts: 1 } });
    await putWhole(saver, "put again", first);
    proxy.strand();
    const again = { ...checkpointOf({ n: 2 }), id: first.id };
    await expect(putWhole(saver, "put again", again)).rejects.toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE" });
    await other.deleteThread("put again");
    await proxy.deliver();
    expect(await listedIds(other, "put again")).toEqual([]);
    // Its own process is refused too, until it reads the thread and finds none.
    await expect(putWhole(saver, "put again", again)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_DELETED" });
    expect(await saver.getTuple(at("put again"))).toBeUndefined();
    await putWhole(saver, "put again", again);
    expect(await listedIds(other, "put again")).toEqual([first.id]);
  });

  it("C-51 C-71 a deletion that was given up, and arrives late, leaves alone what the thread is by then", async () => {
    const [first, second] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2 }, 2)];
    const other = target.openImpatient(store.url, { timeoutMs: 10_000, retry: {} });
    savers.push(other);
    await putWhole(other, "goes on", first);
    const saver = open({ timeoutMs: 300, retry: { maxAttempts: 1 } });
    await saver.getTuple(at("connects"));
    void proxy.cutBeforeRequest((request) => {
      if (target.deletes(request)) proxy.strand();
      return false;
    });
    await expect(saver.deleteThread("goes on")).rejects.toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE" });
    await putWhole(other, "goes on", second, first.id);
    await proxy.deliver();
    expect(await listedIds(other, "goes on")).toEqual([second.id, first.id]);
    await other.deleteThread("goes on");
    expect(await listedIds(other, "goes on")).toEqual([]);
  });

  it("C-71 setup() and every operation end with an error when the network stays partitioned", async () => {
    const options = { timeoutMs: 100, retry: { maxAttempts: 3, maxDelayMs: 10 } };
    const [saver, settingUp] = [open(options), open(options)];
    const thread = "partitioned";
    const checkpoint = checkpointOf({ n: 1 });
    const answers = (asked: TestedSaver): Promise<true> => asked.getTuple(at(thread)).then(() => true);
    await eventually("both are connected", () => Promise.all([answers(saver), answers(settingUp)]));
    proxy.blackhole();
    const operations = {
      setup: () => settingUp.setup(),
      getTuple: () => saver.getTuple(at(thread)),
      list: () => saver.list(at(thread)).next(),
      put: () => putWhole(saver, thread, checkpoint),
      putWrites: () => saver.putWrites(at(thread, checkpoint.id), [["a", 1]], "task"),
      deleteThread: () => saver.deleteThread(thread),
      getDeltaChannelHistory: () => saver.getDeltaChannelHistory({ config: at(thread, checkpoint.id), channels: ["a"] }),
    };
    for (const [name, run] of Object.entries(operations)) {
      await expect(run(), name).rejects.toMatchObject({
        code: "HOLDFAST_STORE_UNAVAILABLE",
        message: expect.stringContaining(`:${proxy.port}`),
      });
    }
    proxy.restore();
    await eventually("and when it ends, the same saver works", () => answers(saver));
  });
}

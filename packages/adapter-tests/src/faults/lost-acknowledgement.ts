import { type RequestMatch, startTcpProxy, type TcpProxy } from "@holdfast/test-servers";
import type { Checkpoint } from "@langchain/langgraph-checkpoint";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { at, checkpointOf, listedIds, putWhole } from "../plain-checkpoints.js";
import type { TestedSaver } from "../target.js";
import { runOrders, threadHistory, undisturbed } from "../thread-history.js";
import type { ProxiedTarget, ServerStore } from "./proxied-store.js";

export interface LostAcknowledgementTarget extends ProxiedTarget {
  /** By which bytes of the client an operation's request is known: the one that changes the store. */
  readonly requests: {
    readonly put: RequestMatch;
    /** Of a thread that is not there yet. */
    readonly firstPut: RequestMatch;
    readonly putWrites: RequestMatch;
    readonly deleteThread: RequestMatch;
    readonly acquireThread: RequestMatch;
  };
  /** The changes of the store that are asked for in these bytes of the client, each as a text that is the same when it is repeated. */
  changesIn(request: Buffer): readonly string[];
  /** What lies underneath for a thread: rows or keys by kind. All of them are 0 after `deleteThread`. */
  inspect(url: string, threadId: string): Promise<Readonly<Record<string, number>>>;
}

const BIG = Array.from({ length: 400 }, (_, n) => `line ${n} of a long text`).join("\n");

/** Whether the server did what it was asked before the connection was lost; for the client it looks the same. */
const CUTS = [
  ["after the commit", (proxy: TcpProxy, match: RequestMatch) => proxy.cutAfterRequest(match)],
  ["before the server had it", (proxy: TcpProxy, match: RequestMatch) => proxy.cutBeforeRequest(match)],
] as const;

/** Registers the tests of connections that are lost between a request and its answer. */
export function lostAcknowledgementTests(target: LostAcknowledgementTarget): void {
  const { requests } = target;
  let store: ServerStore;
  let proxy: TcpProxy;
  let saver: TestedSaver;
  let threads = 0;

  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => store?.drop());
  beforeEach(async () => {
    proxy = await startTcpProxy(store);
    saver = target.open(target.through(proxy, store.url));
  });
  afterEach(async () => {
    await target.close(saver);
    await proxy.stop();
  });

  function newThread(): string {
    threads += 1;
    return `thread ${threads}`;
  }
  const inspect = (thread: string) => target.inspect(store.url, thread);

  for (const [when, cut] of CUTS) {
    it(`C-72 a put whose connection is lost ${when} happens once`, async () => {
      const thread = newThread();
      const [first, second, third] = [1, 2, 3].map((n) => checkpointOf({ big: BIG, n }, n)) as [
        Checkpoint,
        Checkpoint,
        Checkpoint,
      ];
      await putWhole(saver, thread, first);
      const lost = cut(proxy, requests.put);
      await putWhole(saver, thread, second, first.id);
      await lost;
      await putWhole(saver, thread, third, second.id);
      expect(await listedIds(saver, thread)).toEqual([third.id, second.id, first.id]);
      for (const each of [first, second, third]) {
        expect((await saver.getTuple(at(thread, each.id)))?.checkpoint.channel_values).toEqual(each.channel_values);
      }
      // Values, parent and order in the store are those of a put that went well.
      expect((await saver.getTuple(at(thread, second.id)))?.parentConfig).toEqual(at(thread, first.id));
    });

    it(`C-72 a thread's first put whose connection is lost ${when} makes one thread`, async () => {
      const [thread, undisturbedThread] = [newThread(), newThread()];
      await saver.getTuple(at(thread));
      const checkpoint = checkpointOf({ big: BIG });
      const lost = cut(proxy, requests.firstPut);
      await putWhole(saver, thread, checkpoint);
      await lost;
      expect(await listedIds(saver, thread)).toEqual([checkpoint.id]);
      await putWhole(saver, undisturbedThread, checkpoint);
      const stored = await inspect(thread);
      expect(stored).toEqual(await inspect(undisturbedThread));
      expect(Object.values(stored).some((count) => count > 0)).toBe(true);
    });

    it(`C-72 writes whose connection is lost ${when} are there once, in their order`, async () => {
      const thread = newThread();
      const checkpoint = checkpointOf({ n: 1 });
      await putWhole(saver, thread, checkpoint);
      await saver.putWrites(at(thread, checkpoint.id), [["a", "early"]], "task 1");
      const lost = cut(proxy, requests.putWrites);
      await saver.putWrites(
        at(thread, checkpoint.id),
        [
          ["a", BIG],
          ["b", 2],
          ["__interrupt__", [{ value: "sure?" }]],
        ],
        "task 2",
      );
      await lost;
      await saver.putWrites(at(thread, checkpoint.id), [["a", "late"]], "task 3");
      expect((await saver.getTuple(at(thread, checkpoint.id)))?.pendingWrites).toEqual([
        ["task 1", "a", "early"],
        ["task 2", "a", BIG],
        ["task 2", "b", 2],
        ["task 2", "__interrupt__", [{ value: "sure?" }]],
        ["task 3", "a", "late"],
      ]);
    });

    it(`C-72 a thread whose deletion's connection is lost ${when} is gone, and no other`, async () => {
      const [thread, other] = [newThread(), newThread()];
      const checkpoint = checkpointOf({ big: BIG });
      await putWhole(saver, thread, checkpoint);
      await putWhole(saver, other, checkpoint);
      const lost = cut(proxy, requests.deleteThread);
      await saver.deleteThread(thread);
      await lost;
      expect(await saver.getTuple(at(thread))).toBeUndefined();
      expect(Object.values(await inspect(thread)).some((count) => count > 0)).toBe(false);
      expect(await listedIds(saver, other)).toEqual([checkpoint.id]);
    });

    it(`C-72 a lease whose connection is lost ${when} is had, and once`, async () => {
      const thread = newThread();
      await (await saver.acquireThread(newThread())).release();
      const lost = cut(proxy, requests.acquireThread);
      const lease = await saver.acquireThread(thread, { ttlMs: 60_000 });
      await lost;
      await saver.put(
        { configurable: { ...lease.config.configurable, checkpoint_ns: "" } },
        checkpointOf({ n: 1 }),
        { source: "loop", step: 0, parents: {} },
        { n: 1 },
      );
      await expect(saver.acquireThread(thread)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
      await lease.release();
      await (await saver.acquireThread(thread)).release();
    });
  }

  it("C-72 a run goes on though every statement that it writes with loses its acknowledgement", async () => {
    const orders = ["first", "second"];
    const seen = new Set<string>();
    // The repetition of a change goes through.
    const hasNewChange = (request: Buffer): boolean => {
      const fresh = target.changesIn(request).filter((change) => !seen.has(change));
      for (const change of fresh) seen.add(change);
      return fresh.length > 0;
    };
    const cutNext = (): void => {
      void proxy.cutAfterRequest(hasNewChange).then(cutNext);
    };
    cutNext();
    const thread = newThread();
    const values = await runOrders(saver, thread, orders);
    // Where all share one connection, several go at once.
    expect(seen.size, "acknowledgements lost").toBeGreaterThan(20);
    const expected = await undisturbed(orders);
    expect(values).toEqual(expected.values);
    expect(await threadHistory(saver, thread)).toEqual(expected.history);
  });
}

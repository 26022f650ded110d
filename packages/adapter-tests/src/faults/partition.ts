import type { RetryOptions } from "@holdfast/checkpoint-core";
import { eventually, startTcpProxy, type TcpProxy } from "@holdfast/test-servers";
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

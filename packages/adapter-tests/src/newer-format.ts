import { afterAll, beforeEach, expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "./plain-checkpoints.js";
import type { KeepingSaver, RetentionTarget } from "./retention/target.js";
import type { TestStore } from "./target.js";

export interface NewerFormatTarget extends RetentionTarget {
  /** Says of a thread that it is in such a format. */
  setFormat(url: string, threadId: string, format: number): Promise<unknown>;
  /** All that stands in a store for its threads. */
  contents(url: string): Promise<unknown>;
}

const THREAD = "written by a newer version";

type Operation = (saver: KeepingSaver, head: string) => Promise<unknown>;

const operations: Record<string, Operation> = {
  put: (by, head) => putWhole(by, THREAD, checkpointOf({ a: 2 }), head),
  "put of a first checkpoint": (by) => putWhole(by, THREAD, checkpointOf({ a: 2 })),
  "put of what is there": (by, head) => putWhole(by, THREAD, { ...checkpointOf({ a: 2 }), id: head }),
  putWrites: (by, head) => by.putWrites(at(THREAD, head), [["a", 2]], "another task"),
  getTuple: (by) => by.getTuple(at(THREAD)),
  "getTuple by id": (by, head) => by.getTuple(at(THREAD, head)),
  list: (by) => by.list(at(THREAD)).next(),
  "list with a filter": (by) => by.list(at(THREAD), { filter: { step: 0 } }).next(),
  "list of all threads": (by) => by.list({}).next(),
  getDeltaChannelHistory: (by, head) => by.getDeltaChannelHistory({ config: at(THREAD, head), channels: ["a"] }),
  deleteThread: (by) => by.deleteThread(THREAD),
  acquireThread: (by) => by.acquireThread(THREAD),
  abandonedThreads: (by) => by.abandonedThreads().next(),
  prune: (by) => by.prune([THREAD]),
  deleteForRuns: (by) => by.deleteForRuns(["a run"]),
  copyThread: (by) => by.copyThread(THREAD, "copy"),
  listThreads: (by) => by.listThreads().next(),
  stats: (by) => by.stats(THREAD),
  "stats of all": (by) => by.stats(),
  sweep: (by) => by.sweep(),
};

/** Registers the tests of a thread in a format that a newer version has written. */
export function newerFormatTests(target: NewerFormatTarget): void {
  const stores: TestStore[] = [];
  const savers: KeepingSaver[] = [];
  let store: TestStore;
  let saver: KeepingSaver;
  let head: string;

  function open(): KeepingSaver {
    const opened = target.open(store.url, { retention: { keepLast: 1 } });
    savers.push(opened);
    return opened;
  }
  beforeEach(async () => {
    store = await target.openStore();
    stores.push(store);
    saver = open();
    const lease = await saver.acquireThread(THREAD);
    const checkpoint = checkpointOf({ a: "a value" });
    head = checkpoint.id;
    const { configurable } = lease.config;
    const metadata = { source: "loop" as const, step: 0, parents: {} };
    await saver.put(
      { configurable: { checkpoint_ns: "", ...configurable }, metadata: { run_id: "a run" } },
      checkpoint,
      metadata,
      checkpoint.channel_versions,
    );
    await saver.putWrites(
      { configurable: { ...at(THREAD, head).configurable, ...configurable } },
      [["a", "x".repeat(99)]],
      "task",
    );
    await lease.handOver();
    await target.setFormat(store.url, THREAD, 2);
  });
  afterAll(async () => {
    await Promise.all(savers.map((each) => target.close(each)));
    await Promise.all(stores.map((each) => each.drop()));
  });

  for (const [name, run] of Object.entries(operations)) {
    it(`C-82 ${name} on a thread in a higher format is refused, and changes nothing`, async () => {
      const before = await target.contents(store.url);
      for (const by of [saver, open()]) {
        await expect(run(by, head)).rejects.toMatchObject({
          code: "HOLDFAST_SCHEMA_TOO_NEW",
          message: expect.stringContaining("format 2"),
        });
      }
      expect(await target.contents(store.url)).toEqual(before);
    });
  }

  it("C-82 C-96 a thread in a higher format stays among those that are abandoned", async () => {
    await expect(saver.abandonedThreads().next()).rejects.toMatchObject({ code: "HOLDFAST_SCHEMA_TOO_NEW" });
    await target.setFormat(store.url, THREAD, 1);
    const { value } = await saver.abandonedThreads().next();
    expect(value).toMatchObject({ threadId: THREAD });
    await value?.lease.release();
  });

  it("C-82 a thread beside one in a higher format is as usual", async () => {
    await putWhole(saver, "other", checkpointOf({ a: 1 }));
    expect((await saver.getTuple(at("other")))?.checkpoint.channel_values).toEqual({ a: 1 });
    expect(await saver.stats("other")).toMatchObject({ checkpoints: 1 });
    await saver.prune(["other"]);
    await saver.copyThread("other", "copy");
    await saver.deleteThread("other");
    expect(await saver.getTuple(at("other"))).toBeUndefined();
  });
}

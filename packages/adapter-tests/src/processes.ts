import { spawnNode } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import type { Progress } from "./children/graph-worker-messages.js";
import { storeEnvironment } from "./children/store-url.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";
import { undisturbed } from "./thread-history.js";
import { WorkerProcess } from "./worker-process.js";
import { writtenValues } from "./written-values.js";

export interface ProcessTarget extends AdapterTarget {
  /** A new store that nobody has set up. */
  openEmptyStore(): Promise<TestStore>;
  /** What there is in a store that was only set up: after many `setup()` the same as after one. */
  inspectSetup(url: string): Promise<unknown>;
}

/** Registers the tests of several processes on one store. */
export function processTests(target: ProcessTarget): void {
  let store: TestStore;
  let script: BundledChild;
  let saver: TestedSaver;
  const workers: WorkerProcess[] = [];

  beforeAll(async () => {
    [store, script] = await Promise.all([target.openStore(), bundleChild(new URL("graph-worker.ts", target.children))]);
    saver = target.open(store.url);
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    if (saver !== undefined) await target.close(saver);
    await Promise.all([store?.drop(), script?.remove()]);
  });

  async function startWorker(...args: string[]): Promise<WorkerProcess> {
    const worker = await WorkerProcess.start(script.path, store.url, args);
    workers.push(worker);
    return worker;
  }

  const lastValues = (told: readonly Progress[]): unknown =>
    told.flatMap((each) => (each.kind === "done" ? [each.values] : []))[0];

  /** What a thread's checkpoints read, by namespace and id. */
  async function storedValues(thread: string): Promise<Record<string, unknown>> {
    const values: Record<string, unknown> = {};
    for await (const { config, checkpoint } of saver.list({ configurable: { thread_id: thread } })) {
      values[`${config.configurable?.checkpoint_ns} ${checkpoint.id}`] = writtenValues(checkpoint);
    }
    return values;
  }

  it("C-35 two processes run one thread at once, 100 pairs: every checkpoint reads what its run put", {
    timeout: 180_000,
  }, async () => {
    const pair = await Promise.all([startWorker(), startWorker()]);
    for (let thread = 0; thread < 20; thread += 1) {
      const put: Record<string, unknown> = {};
      // Five pairs on one thread, so that most of them build on what other pairs left.
      for (let round = 0; round < 5; round += 1) {
        const told = await Promise.all(
          pair.map((worker, n) => worker.run({ thread: `pair-${thread}`, order: `${thread}.${round} by ${n}` })),
        );
        for (const each of told.flat()) if (each.kind === "put") put[`${each.ns} ${each.id}`] = each.values;
      }
      expect(await storedValues(`pair-${thread}`)).toEqual(put);
    }
  });

  it("C-10 a process whose clock is an hour behind runs the next turn, and every other process sees it", async () => {
    const [right, behind, other] = await Promise.all([startWorker(), startWorker("--hours-behind=1"), startWorker()]);
    const thread = "clocks";
    await right.run({ thread, order: "first" });
    const second = lastValues(await behind.run({ thread, order: "second" }));
    expect(second, "the one that is behind builds on the first turn").toEqual((await undisturbed(["first", "second"])).values);
    const latest = await saver.getTuple({ configurable: { thread_id: thread } });
    expect(Date.parse(latest?.checkpoint.ts ?? ""), "its clock was indeed behind").toBeLessThan(Date.now() - 3_000_000);
    expect(latest?.checkpoint.channel_values).toMatchObject(second as Record<string, unknown>);
    const third = lastValues(await other.run({ thread, order: "third" }));
    expect(third, "the third turn builds on the second").toEqual((await undisturbed(["first", "second", "third"])).values);
  });

  it("C-80 20 processes set up an empty store at once", { timeout: 180_000 }, async () => {
    const [empty, once, setUp] = await Promise.all([
      target.openEmptyStore(),
      target.openStore(),
      bundleChild(new URL("set-up.ts", target.children)),
    ]);
    const env = storeEnvironment(empty.url);
    const children = await Promise.all(Array.from({ length: 20 }, () => spawnNode(setUp.path, { env })));
    await Promise.all(children.map((child) => child.nextMessage()));
    await Promise.all(children.map((child) => child.send("go")));
    const outcomes = await Promise.all(children.map((child) => child.nextMessage()));
    expect(outcomes).toEqual(children.map(() => "set up"));
    expect(await target.inspectSetup(empty.url), "what was set up").toEqual(await target.inspectSetup(once.url));
    await Promise.all(children.map((child) => child.exited));
    await Promise.all([empty.drop(), once.drop(), setUp.remove()]);
  });
}

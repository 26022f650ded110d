import assert from "node:assert/strict";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type CaseContext, defineSuite } from "../case.js";
import { address, checkpointOf, collect, metadataOf, put, read } from "../checkpoints.js";
import { assertFails } from "../failures.js";
import type { Failure, LifecycleTarget } from "../target.js";

const operations: Readonly<Record<string, (saver: BaseCheckpointSaver, thread: string) => Promise<unknown>>> = {
  getTuple: (saver, thread) => saver.getTuple(address(thread)),
  "getTuple with a checkpoint id": (saver, thread) => saver.getTuple(address(thread, { ns: "", id: "1" })),
  list: (saver, thread) => collect(saver.list(address(thread))),
  put: (saver, thread) => saver.put(address(thread, { ns: "" }), checkpointOf({}), metadataOf(), {}),
  putWrites: (saver, thread) => saver.putWrites(address(thread, { ns: "", id: "1" }), [["a", 1]], "task"),
  deleteThread: (saver, thread) => saver.deleteThread(thread),
  getDeltaChannelHistory: (saver, thread) =>
    saver.getDeltaChannelHistory({ config: address(thread, { ns: "", id: "1" }), channels: ["a"] }),
};

/** Runs every operation and expects the same failure of each. */
async function allFail(
  { target, thread }: CaseContext,
  saver: BaseCheckpointSaver,
  failure: Failure,
  when: string,
): Promise<void> {
  for (const [name, run] of Object.entries(operations))
    await assertFails(target, failure, () => run(saver, thread()), `${name} ${when}`);
}

/** Savers on an empty store, and how to set it up. The case has declared that it needs the hook. */
async function onEmptyStore(context: CaseContext, count: number): Promise<[LifecycleTarget, readonly BaseCheckpointSaver[]]> {
  const { lifecycle } = context.target;
  assert(lifecycle !== undefined);
  const savers = await lifecycle.openOnEmptyStore(count);
  for (const saver of savers) context.closeLater(saver);
  return [lifecycle, savers];
}

export const lifecycle = defineSuite("life of a saver", (it) => {
  it("C-80 setup may be called by many at once on an empty store, and again", { hooks: ["lifecycle"] }, async (context) => {
    const thread = context.thread();
    for (let round = 0; round < 3; round += 1) {
      const [{ setup }, savers] = await onEmptyStore(context, 6);
      await Promise.all(savers.flatMap((saver) => [setup(saver), setup(saver)]));
      const [first, last] = [savers[0], savers.at(-1)];
      assert(first !== undefined && last !== undefined);
      const id = await put(first, { thread, values: { round } });
      await Promise.all(savers.map(setup));
      assert.deepEqual((await read(last, thread, id)).checkpoint.channel_values, { round });
    }
  });

  it("C-81 before setup, every operation says what is missing, or works", { hooks: ["lifecycle", "errors"] }, async (context) => {
    const [{ setup, needsSetup = true }, [saver]] = await onEmptyStore(context, 1);
    assert(saver !== undefined);
    if (needsSetup) await allFail(context, saver, "setupRequired", "before setup");
    else for (const run of Object.values(operations)) await run(saver, context.thread());
    await setup(saver);
    const thread = context.thread();
    const id = await put(saver, { thread });
    assert.equal((await read(saver, thread)).checkpoint.id, id, "and after setup, the same saver works");
  });

  it("C-83 after it was closed, every operation says so", { hooks: ["errors"] }, async (context) => {
    const saver = await context.open();
    await put(saver, { thread: context.thread() });
    await context.target.close(saver);
    await allFail(context, saver, "saverClosed", "after it was closed");
  });

  it("C-83 closing one saver leaves the others alone, and closing twice is no error", async (context) => {
    const thread = context.thread();
    const [saver, other] = [context.saver, await context.open()];
    const id = await put(other, { thread, values: { a: 1 } });
    await context.target.close(other);
    await context.target.close(other);
    assert.deepEqual((await read(saver, thread, id)).checkpoint.channel_values, { a: 1 });
    await put(saver, { thread, parent: id, values: { a: 2 }, versions: { a: 2 } });
    assert.deepEqual((await read(saver, thread)).checkpoint.channel_values, { a: 2 });
  });

  it("C-84 each operation takes one round trip", { hooks: ["roundTrips"] }, async ({ saver, target, thread: newThread }) => {
    const thread = newThread();
    const values = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`c${n}`, "x".repeat(2_000)]));
    const first = await put(saver, { thread, values });
    await read(saver, thread);
    const counted = async (run: () => Promise<unknown>): Promise<number> => {
      const before = target.roundTrips?.(saver) ?? 0;
      await run();
      return (target.roundTrips?.(saver) ?? 0) - before;
    };
    const next = { ...values, c0: `${"x".repeat(2_000)} and more` };
    const versions = Object.fromEntries(Object.keys(values).map((name) => [name, name === "c0" ? 2 : 1]));
    const child = { thread, parent: first, values: next, versions, newVersions: { c0: 2 } };
    const writes = Object.entries(values).map(([name, value]): [string, unknown] => [name, value]);
    const trips = {
      put: await counted(() => put(saver, child)),
      putWrites: await counted(() => saver.putWrites(address(thread, { ns: "", id: first }), writes, "task")),
      getTuple: await counted(() => saver.getTuple(address(thread))),
      getTupleById: await counted(() => saver.getTuple(address(thread, { ns: "", id: first }))),
      history: await counted(() =>
        saver.getDeltaChannelHistory({ config: address(thread, { ns: "", id: first }), channels: ["c0"] }),
      ),
    };
    assert.deepEqual(trips, { put: 1, putWrites: 1, getTuple: 1, getTupleById: 1, history: 1 });
  });
});

import assert from "node:assert/strict";
import { defineSuite } from "../case.js";
import { address, collect, listIds, put, putChain, readValues } from "../checkpoints.js";
import { assertSame } from "../same-value.js";

export const deleteThread = defineSuite("deleteThread", (it) => {
  it("C-50 it removes all of the thread, in all namespaces", async ({ saver, target, thread: newThread }) => {
    const thread = newThread();
    for (const ns of ["", "sub:1", "sub:1|deeper:2"]) {
      const id = await put(saver, { thread, ns, values: { text: "x".repeat(5_000) } });
      await saver.putWrites(
        address(thread, { ns, id }),
        [
          ["a", 1],
          ["__interrupt__", "i"],
        ],
        "task",
      );
      await saver.putWrites(address(thread, { ns, id: "not put yet" }), [["a", 1]], "task");
    }
    await saver.deleteThread(thread);
    for (const ns of ["", "sub:1", "sub:1|deeper:2"]) assert.equal(await saver.getTuple(address(thread, { ns })), undefined, ns);
    assert.deepEqual(await collect(saver.list(address(thread))), []);
    const left = Object.entries((await target.inspect?.(thread)) ?? {}).filter(([, count]) => count !== 0);
    assert.deepEqual(left, [], "left in the store");
    await put(saver, { thread, id: "not put yet" });
    assert.deepEqual((await saver.getTuple(address(thread)))?.pendingWrites ?? [], [], "writes of the deleted thread");
  });

  it("C-50 it removes nothing of any other thread", async ({ saver, thread: newThread }) => {
    const prefix = newThread("");
    const victim = `${prefix}org`;
    const others = ["org:1", "org1", "or", "org*", "%", "_rg", "Org", "org ", "org\\"].map((suffix) => `${prefix}${suffix}`);
    for (const thread of [victim, ...others]) {
      const id = await put(saver, { thread, values: { same: "x".repeat(5_000) }, metadata: { thread } });
      await put(saver, { thread, ns: "sub:1", values: { same: "x".repeat(5_000) } });
      await saver.putWrites(address(thread, { ns: "", id }), [["a", thread]], "task");
    }
    await saver.deleteThread(victim);
    for (const thread of others) {
      assertSame(await readValues(saver, thread), { same: "x".repeat(5_000) }, thread);
      assertSame((await saver.getTuple(address(thread)))?.pendingWrites, [["task", "a", thread]], `writes of ${thread}`);
      assertSame(await readValues(saver, thread, undefined, "sub:1"), { same: "x".repeat(5_000) }, `${thread} in a subgraph`);
    }
  });

  it("C-50 deleting what is not there is no error, and deletes are repeatable", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    await saver.deleteThread(thread);
    await put(saver, { thread });
    await Promise.all([saver.deleteThread(thread), saver.deleteThread(thread)]);
    await saver.deleteThread(thread);
    assert.equal(await saver.getTuple(address(thread)), undefined);
  });

  it("C-50 a thread that was deleted can begin anew", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const old = await putChain(saver, thread, 3, (step) => ({ values: { text: "x".repeat(2_000), step } }));
    await saver.deleteThread(thread);
    const fresh = await putChain(saver, thread, 2, (step) => ({ values: { text: "x".repeat(2_000), fresh: step } }));
    assert.deepEqual(await listIds(saver, address(thread)), [...fresh].reverse());
    assertSame(await readValues(saver, thread), { text: "x".repeat(2_000), fresh: 1 }, "the new latest");
    for (const id of old) assert.equal(await saver.getTuple(address(thread, { ns: "", id })), undefined);
  });
});

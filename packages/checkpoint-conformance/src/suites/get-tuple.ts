import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { TASKS, uuid6 } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import { address, idFromSlowClock, idOf, listIds, put, putChain, read, readValues } from "../checkpoints.js";
import { assertSame } from "../same-value.js";

export const getTuple = defineSuite("getTuple", (it) => {
  it("C-10 without a checkpoint id, the latest checkpoint of the namespace is read", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const root = await putChain(saver, thread, 4, (step) => ({ values: { step } }));
    const sub = await put(saver, { thread, ns: "sub:1", values: { step: "sub" } });
    assert.equal(idOf(await saver.getTuple(address(thread))), root.at(-1));
    assert.equal(idOf(await saver.getTuple(address(thread, { ns: "sub:1" }))), sub);
    assert.deepEqual(await readValues(saver, thread), { step: 3 });
  });

  it("C-10 a writer whose clock is behind is not overlooked", { requires: ["commitOrder"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const first = await put(saver, { thread, values: { turn: 1 } });
    for (const [hours, turn] of [
      [1, 2],
      [2, 3],
      [1, 4],
    ] as const) {
      const id = await put(saver, { thread, parent: first, id: idFromSlowClock(hours, turn), step: turn, values: { turn } });
      assert.equal(idOf(await saver.getTuple(address(thread))), id, `after turn ${turn}`);
    }
    assert.deepEqual(await readValues(saver, thread), { turn: 4 });
  });

  it("C-10 ids that are no time stamps do not decide which is latest", { requires: ["commitOrder"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    for (const id of ["b", "a", "Z", "é", "0"]) {
      await put(saver, { thread, id });
      assert.equal(idOf(await saver.getTuple(address(thread))), id);
    }
  });

  it("C-10 of a large checkpoint and a small one on it, put at once, the child is the latest", async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const [parent, child] = [uuid6(1), uuid6(2)];
    const noise = randomBytes(2_000_000).toString("base64");
    await Promise.all([
      put(saver, { thread, id: parent, values: { noise } }),
      put(saver, { thread, id: child, parent, step: 1, values: { step: 1 } }),
    ]);
    assert.equal(idOf(await saver.getTuple(address(thread))), child);
    assert.deepEqual(await listIds(saver, address(thread)), [child, parent]);
    assert.deepEqual(await readValues(saver, thread), { step: 1 });
  });

  it("C-11 a checkpoint id reads that checkpoint, in that namespace of that thread only", async ({
    saver,
    thread: newThread,
  }) => {
    const [thread, other] = [newThread(), newThread("other")];
    const ids = await putChain(saver, thread, 5, (step) => ({ values: { step } }));
    await put(saver, { thread: other });
    for (const [step, id] of ids.entries()) assert.deepEqual(await readValues(saver, thread, id), { step });
    const id = ids[2];
    assert.equal(await saver.getTuple(address(other, { ns: "", id })), undefined);
    assert.equal(await saver.getTuple(address(thread, { ns: "sub", id })), undefined);
    assert.equal(await saver.getTuple(address(thread, { ns: "", id: `${id}x` })), undefined);
    assert.equal(await saver.getTuple(address(newThread("never"))), undefined);
    assert.equal(await saver.get(address(newThread("never"))), undefined);
  });

  it("C-11 a checkpoint id that is given as undefined reads the latest", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 2);
    const tuple = await saver.getTuple({ configurable: { thread_id: thread, checkpoint_ns: "", checkpoint_id: undefined } });
    assert.equal(idOf(tuple), ids[1]);
  });

  it("C-12 the tuple names its checkpoint and its parent; the first has no parent", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    for (const ns of ["", "sub:1|deeper:2"]) {
      const first = await put(saver, { thread, ns });
      const second = await put(saver, { thread, ns, parent: first });
      const [root, child] = [await read(saver, thread, first, ns), await read(saver, thread, undefined, ns)];
      assert.deepEqual(root.config, address(thread, { ns, id: first }));
      assert.equal(root.parentConfig, undefined);
      assert.deepEqual(child.config, address(thread, { ns, id: second }));
      assert.deepEqual(child.parentConfig, address(thread, { ns, id: first }));
    }
  });

  it("C-12 nothing of the caller's config comes back in the tuple's", { requires: ["exactConfig"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const expected = address(thread, { ns: "", id });
    const asked = { configurable: { ...expected.configurable, user: "u", api_key: "secret", thread_ts: "x" }, tags: ["t"] };
    assert.deepEqual((await saver.getTuple(asked))?.config, expected);
    assert.deepEqual((await saver.getTuple({ configurable: { thread_id: thread, user: "u" } }))?.config, expected);
  });

  it("C-12 a parent that was never put is named all the same", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread, parent: "elsewhere", values: { a: 1 } });
    const tuple = await read(saver, thread, id);
    assert.deepEqual(tuple.parentConfig, address(thread, { ns: "", id: "elsewhere" }));
    assert.deepEqual(tuple.checkpoint.channel_values, { a: 1 });
  });

  it("C-14 before format 4, the parent's pending sends are in the task channel", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const parent = await put(saver, { thread, v: 3, values: { a: 1 }, versions: { a: 5 } });
    const sends = [
      { node: "x", args: { n: 1 } },
      { node: "y", args: { n: 2 } },
    ];
    await saver.putWrites(
      address(thread, { ns: "", id: parent }),
      sends.map((send) => [TASKS, send]),
      "task",
    );
    await saver.putWrites(address(thread, { ns: "", id: parent }), [["a", "no send"]], "other");
    const id = await put(saver, { thread, parent, v: 3, values: { a: 2 }, versions: { a: 6 } });
    const { checkpoint } = await read(saver, thread, id);
    assertSame(checkpoint.channel_values, { a: 2, [TASKS]: sends }, "values of a checkpoint of format 3");
    assert.deepEqual(checkpoint.channel_versions, { a: 6, [TASKS]: 6 });
    const today = await put(saver, { thread, parent, values: { a: 2 }, versions: { a: 6 } });
    assertSame(await readValues(saver, thread, today), { a: 2 }, "values of a checkpoint of format 4");
  });
});

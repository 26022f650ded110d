import assert from "node:assert/strict";
import { defineSuite } from "../case.js";
import { address, idFromSlowClock, idOf, listIds, put, putChain, read, readValues } from "../checkpoints.js";
import { unlessDeleted } from "../failures.js";
import { assertSame } from "../same-value.js";

const text = (seed: string, lines = 500): string => Array.from({ length: lines }, (_, n) => `${seed} ${n}`).join("\n");

export const instances = defineSuite("several savers on one store", (it) => {
  it("C-13 what one saver put is what the next read of another sees", async ({ saver, open, thread: newThread }) => {
    const thread = newThread();
    const other = await open();
    assert.equal(await other.getTuple(address(thread)), undefined);
    let parent: string | undefined;
    for (let turn = 0; turn < 8; turn += 1) {
      const [writer, reader] = turn % 2 === 0 ? [saver, other] : [other, saver];
      const values = { messages: text("m", 100 * (turn + 1)), turn };
      const versions = { messages: turn + 1, turn: turn + 1 };
      parent = await put(writer, { thread, parent, step: turn, values, versions });
      await writer.putWrites(address(thread, { ns: "", id: parent }), [["turn", turn]], "task");
      const tuple = await read(reader, thread);
      assert.equal(idOf(tuple), parent);
      assertSame(tuple.checkpoint.channel_values, values, `turn ${turn}`);
      assertSame(tuple.pendingWrites, [["task", "turn", turn]], `writes of turn ${turn}`);
    }
    await other.deleteThread(thread);
    assert.equal(await saver.getTuple(address(thread)), undefined, "after the other saver deleted the thread");
  });

  it("C-35 two savers that fork from one parent each keep their own branch", async ({ saver, open, thread: newThread }) => {
    const thread = newThread();
    const savers = [saver, await open(), await open()];
    const base = text("base");
    const parent = await put(saver, { thread, values: { messages: base, kept: base } });
    for (const each of savers) await read(each, thread);
    const branches = await Promise.all(
      savers.map(async (each, n) => {
        const chain: [string, Record<string, unknown>][] = [];
        let [on, messages] = [parent, base];
        for (let step = 1; step <= 4; step += 1) {
          messages += `\n${text(`branch ${n} step ${step}`, 50)}`;
          const values = { messages, kept: base };
          const versions = { messages: 1 + step, kept: 1 };
          on = await put(each, { thread, parent: on, step, values, versions, newVersions: { messages: 1 + step } });
          chain.push([on, values]);
        }
        return chain;
      }),
    );
    const reader = await open();
    for (const by of [...savers, reader]) {
      for (const [id, values] of branches.flat()) assertSame(await readValues(by, thread, id), values, `checkpoint ${id}`);
    }
    assertSame(await readValues(reader, thread, parent), { messages: base, kept: base }, "the parent");
    assert.equal((await listIds(reader, address(thread))).length, 13);
  });

  it("C-30 a put on a parent that another saver has deleted meanwhile is whole, or refused", { errorsFor: "tombstones" }, async ({
    saver,
    target,
    open,
    thread: newThread,
  }) => {
    const thread = newThread();
    const other = await open();
    const [large, small] = [text("large"), "small"];
    const parent = await put(saver, { thread, values: { large, grows: large, small } });
    await read(saver, thread);
    await other.deleteThread(thread);

    const values = { large, grows: `${large}\nand more`, small };
    const versions = { large: 1, grows: 2, small: 1 };
    const late = { thread, parent, values, versions, newVersions: { grows: 2 } };
    const id = await unlessDeleted(target, put(saver, late));
    if (id === undefined) return assert.equal(await other.getTuple(address(thread)), undefined, "the thread after a late put");
    for (const by of [saver, other, await open()]) assertSame(await readValues(by, thread, id), values, "a put after the delete");

    const next = { ...values, grows: `${values.grows}\nand more` };
    const child = { thread, parent: id, values: next, versions: { ...versions, grows: 3 }, newVersions: { grows: 3 } };
    const childId = await put(saver, child);
    assertSame(await readValues(await open(), thread, childId), next, "the put after that");
  });

  it("C-33 a parent that another saver has put again meanwhile is carried over as it is now or as it was given", async (context) => {
    const { saver, open } = context;
    const thread = context.thread();
    const other = await open();
    const parent = await put(saver, { thread, values: { kept: text("old"), grows: text("old") } });
    await read(saver, thread);
    await put(other, { thread, id: parent, values: { kept: text("new"), grows: text("new") }, versions: { kept: 2, grows: 2 } });
    const values = { kept: text("old"), grows: `${text("old")}\nmore` };
    const child = { thread, parent, values, versions: { kept: 1, grows: 3 }, newVersions: { grows: 3 } };
    const id = await put(saver, child);
    assertSame(await readValues(await open(), thread, id), values, "the child, whose versions the parent no longer holds");
  });

  it("C-31 a checkpoint that another saver has put again reads anew, also for whoever had just put or read it", async (context) => {
    const { saver, open } = context;
    const thread = context.thread();
    const [other, reader] = [await open(), await open()];
    const [id, first] = ["same id", { value: text("one"), kept: "a" }];
    await put(saver, { thread, id, values: first });
    await read(reader, thread);
    // The same lengths everywhere, so that all that differs is the bytes.
    for (const values of [{ value: text("two"), kept: "a" }, { value: text("two"), kept: "b" }, first]) {
      await put(other, { thread, id, values });
      for (const by of [saver, other, reader]) {
        assertSame(await readValues(by, thread), values, "the latest");
        assertSame(await readValues(by, thread, id), values, "by its id");
      }
    }
  });

  it("C-30 the same thread deleted and begun again elsewhere does not mix with what was remembered", async (context) => {
    const { saver, open } = context;
    const thread = context.thread();
    const other = await open();
    const ids = await putChain(saver, thread, 3, (step) => ({
      id: `${step}`,
      values: { t: text(`old ${step}`) },
      versions: { t: step + 1 },
    }));
    await other.deleteThread(thread);
    const again = (step: number) => ({ id: `${step}`, values: { t: text(`new ${step}`) }, versions: { t: step + 1 } });
    await putChain(other, thread, 2, again);
    const values = { t: `${text("new 1")}\nmore` };
    const last = { thread, parent: ids[1], id: "3", values, versions: { t: 4 }, newVersions: { t: 4 } };
    await put(saver, last);
    const reader = await open();
    for (const by of [saver, other, reader]) {
      assertSame(await readValues(by, thread, "0"), { t: text("new 0") }, "the new first");
      assertSame(await readValues(by, thread, "1"), { t: text("new 1") }, "the new second");
      assertSame(await readValues(by, thread, "3"), values, "the new third");
      assert.equal(await by.getTuple(address(thread, { ns: "", id: "2" })), undefined, "the old third is gone");
    }
  });

  it("C-10 the latest is the last committed, whichever saver's clock is behind", {
    requires: ["commitOrder"],
  }, async (context) => {
    const { saver, open } = context;
    const thread = context.thread();
    const slow = await open();
    const ids: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const input = { thread, parent: ids.at(-1), step: turn, values: { turn }, versions: { turn: turn + 1 } };
      ids.push(turn % 2 === 0 ? await put(saver, input) : await put(slow, { ...input, id: idFromSlowClock(1, turn) }));
      for (const by of [saver, slow]) assert.equal(idOf(await read(by, thread)), ids.at(-1), `after turn ${turn}`);
    }
    for (const by of [saver, slow]) assert.deepEqual(await listIds(by, address(thread)), [...ids].reverse());
  });

  it("C-50 a delete while others write leaves each checkpoint whole or gone", {
    requires: ["deleteDuringWrites"],
    errorsFor: "tombstones",
  }, async (context) => {
    const { saver, open, target } = context;
    const thread = context.thread();
    const [writer, deleter] = [saver, await open()];
    const base = text("base");
    const put30 = async (): Promise<[string, unknown][]> => {
      const done: [string, unknown][] = [];
      let [parent, grows] = [undefined as string | undefined, base];
      for (let step = 0; step < 30; step += 1) {
        grows += `\nstep ${step}`;
        const values = { base, grows };
        const newVersions = parent === undefined ? { base: 1, grows: step + 1 } : { grows: step + 1 };
        const versions = { base: 1, grows: step + 1 };
        parent = await unlessDeleted(target, put(writer, { thread, parent, step, values, versions, newVersions }));
        // Refused, as the thread was deleted: the next step begins it anew.
        if (parent === undefined) grows = base;
        else done.push([parent, values]);
      }
      return done;
    };
    const delete10 = async (): Promise<void> => {
      for (let n = 0; n < 10; n += 1) {
        await deleter.deleteThread(thread);
        await deleter.getTuple(address(thread));
      }
    };
    const [done] = await Promise.all([put30(), delete10()]);
    const reader = await open();
    for (const [id, values] of done) {
      const tuple = await reader.getTuple(address(thread, { ns: "", id }));
      if (tuple !== undefined) assertSame(tuple.checkpoint.channel_values, values, `checkpoint ${id}, which outlived the delete`);
    }
  });
});

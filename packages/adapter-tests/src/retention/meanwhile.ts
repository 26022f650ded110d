import { randomBytes } from "node:crypto";
import { gate } from "@holdfast/test-servers";
import { expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "../plain-checkpoints.js";
import { stepGraph } from "../step-graph.js";
import { putChain, text } from "./chains.js";
import type { RetentionStore } from "./retention-store.js";
import { on, shownOf } from "./shown.js";

const nothing = () => undefined;
const NO_CACHE = { cacheBytes: 0 };

/** Registers the tests of runs that go on while their thread is pruned. */
export function meanwhileTests(store: RetentionStore): void {
  for (const [how, options] of [
    ["with a cache", {}],
    ["without a cache", NO_CACHE],
  ] as const) {
    for (const isForked of [false, true]) {
      const whose = isForked ? "that nobody has gone on from" : "that another run has gone on from";
      it(`C-54 a run goes on when the checkpoint it is in the middle of, ${whose}, is pruned; ${how}`, async () => {
        const saver = store.open(options);
        const other = store.open();
        const [isInTwo, mayGoOn] = [gate(), gate()];
        const hold = async (): Promise<void> => {
          isInTwo.open();
          await mayGoOn.opened;
        };
        const graph = stepGraph(saver, { one: nothing, two: hold, three: nothing });
        const first = await stepGraph(other, { zero: nothing }).invoke({ input: text("first") }, on("run"));
        const start = await graph.getState(on("run"));
        const run = graph.invoke({ input: text("mine") }, { ...on("run"), durability: "sync" });
        await isInTwo.opened;
        const base = await graph.getState(on("run"));
        expect(base.next).toEqual(["two"]);
        await stepGraph(other, { zero: nothing, other: nothing }).invoke(
          { input: "other's" },
          isForked ? start.config : on("run"),
        );
        await other.prune(["run"], { keepLast: 1 });
        expect(await other.getTuple(base.config), "it is gone").toBeUndefined();
        mayGoOn.open();
        const expected = [...first.log, ...["one", "two", "three"].map((step) => `${step} ${text("mine")}`)];
        expect((await run).log).toEqual(expected);
        for (const by of [saver, store.open(NO_CACHE)]) {
          expect((await stepGraph(by, { one: nothing }).getState(on("run"))).values.log).toEqual(expected);
        }
        expect((await store.inspect("run")).orphans).toEqual([]);
        await other.prune(["run"]);
        expect((await shownOf(other, "run"))[0]?.checkpoint.channel_values.log).toEqual(expected);
        expect((await store.inspect("run")).orphans).toEqual([]);
      });
    }
  }

  it("C-54 late writes to a pruned checkpoint are dropped, whoever brings them", async () => {
    const writer = store.open();
    const ids = await putChain(writer, "late", 5);
    const readers = [store.open(), store.open(NO_CACHE)];
    // One that has read the checkpoint knows what its writes could refer to.
    for (const by of readers) await by.getTuple(at("late", ids[2]));
    await store.open().prune(["late"]);
    const [before, left] = [await shownOf(writer, "late"), await store.inspect("late")];
    for (const [n, by] of [writer, ...readers, store.open(), store.open(NO_CACHE)].entries()) {
      for (const id of [ids[2], ids[3]]) {
        await by.putWrites(at("late", id), [["last", text(`late ${n}`)]], `task ${n}`);
        await by.putWrites(at("late", id), [["__interrupt__", { value: `late ${n}` }]], `asking ${n}`);
      }
    }
    expect(await store.inspect("late")).toEqual(left);
    expect(await shownOf(writer, "late")).toEqual(before);
  });

  it("C-54 a checkpoint on a pruned one is stored whole, whoever puts it", async () => {
    const [writer, reader] = [store.open(), store.open()];
    // So large that nothing else is stored as a difference to it: it is freed.
    const freed = randomBytes(150_000).toString("hex");
    const base = checkpointOf({ same: text("same"), freed });
    await putWhole(writer, "on pruned", base);
    await reader.getTuple(at("on pruned", base.id));
    const next = { ...checkpointOf({ same: text("same"), freed: "another" }, 2), channel_versions: { same: 1, freed: 2 } };
    await writer.put(at("on pruned", base.id), next, { source: "loop", step: 1, parents: {} }, { freed: 2 });
    const { segments } = await store.inspect("on pruned");
    await store.open().prune(["on pruned"]);
    expect((await store.inspect("on pruned")).segments).toBeLessThan(segments);
    // The reader first: who stores the values whole brings back what was freed.
    for (const [n, by] of [reader, writer, store.open(), store.open(NO_CACHE)].entries()) {
      const values = { same: text("same"), freed, own: n };
      const checkpoint = { ...checkpointOf(values), channel_versions: { same: 1, freed: 1, own: 3 } };
      await by.put(at("on pruned", base.id), checkpoint, { source: "loop", step: 1, parents: {} }, { own: 3 });
      for (const reads of [by, store.open(NO_CACHE)]) {
        expect((await reads.getTuple(at("on pruned", checkpoint.id)))?.checkpoint.channel_values).toEqual(values);
      }
    }
    expect((await store.inspect("on pruned")).orphans).toEqual([]);
  });

  it("C-54 a pruned checkpoint that is put again is there again, with its writes", async () => {
    const saver = store.open();
    const checkpoint = checkpointOf({ a: text("a") });
    await putWhole(saver, "again", checkpoint);
    await putWhole(saver, "again", checkpointOf({ a: text("b") }, 2), checkpoint.id);
    await store.open().prune(["again"]);
    await putWhole(saver, "again", checkpoint);
    for (const [n, by] of [saver, store.open(NO_CACHE)].entries())
      await by.putWrites(at("again", checkpoint.id), [["a", n]], `${n}`);
    const tuple = await store.open().getTuple(at("again", checkpoint.id));
    expect(tuple?.checkpoint.channel_values).toEqual({ a: text("a") });
    expect(tuple?.pendingWrites).toEqual([
      ["0", "a", 0],
      ["1", "a", 1],
    ]);
  });

  it("C-54 a thread that somebody has the lease of is left alone, and reported", async () => {
    const [holder, pruner] = [store.open(), store.open()];
    for (const thread of ["leased", "free"]) await putChain(holder, thread, 4);
    const before = await shownOf(pruner, "leased");
    const lease = await holder.acquireThread("leased");
    expect(await pruner.prune(["leased", "free"])).toMatchObject({ threads: 1, checkpoints: 3, busy: ["leased"] });
    expect(await pruner.prune(["leased"], { strategy: "delete" })).toMatchObject({ threads: 0, deleted: 0, busy: ["leased"] });
    expect(await shownOf(pruner, "leased")).toEqual(before);
    await lease.release();
  });

  it("C-54 the holder of the lease prunes with it, as long as it has it", async () => {
    const holder = store.open();
    await putChain(holder, "mine", 4);
    const lease = await holder.acquireThread("mine");
    expect(await holder.prune(["mine"], { keepLast: 2, lease })).toMatchObject({ checkpoints: 2, busy: [] });
    await lease.release();
    for (const policy of [{ keepLast: 1 }, { strategy: "delete" }] as const) {
      await expect(holder.prune(["mine"], { ...policy, lease })).rejects.toMatchObject({ code: "HOLDFAST_LEASE_LOST" });
    }
    expect(new Set((await shownOf(holder, "mine")).map(({ id }) => id)).size).toBe(2);
  });

  it("C-51 what comes late to a pruned checkpoint of a thread that was deleted is refused", async () => {
    const writer = store.open();
    const ids = await putChain(writer, "deleted", 5);
    const other = store.open();
    await other.prune(["deleted"], { keepLast: 2 });
    await other.deleteThread("deleted");
    const refusal = { code: "HOLDFAST_THREAD_DELETED" };
    for (const by of [writer, other, store.open(), store.open(NO_CACHE)]) {
      for (const id of [ids[1], ids[4]]) {
        await expect(by.putWrites(at("deleted", id), [["last", text("late")]], "task")).rejects.toMatchObject(refusal);
        await expect(putWhole(by, "deleted", checkpointOf({ last: text("late") }, 9), id)).rejects.toMatchObject(refusal);
      }
    }
    expect(await store.inspect("deleted")).toEqual({ checkpoints: 0, segments: 0, writes: 0, orphans: [] });
  });

  it("C-51 late writes are refused also where the thread was begun anew by the same process", async () => {
    const saver = store.open();
    const [old] = await putChain(saver, "anew", 1);
    await store.open().deleteThread("anew");
    await putChain(saver, "anew", 2);
    const underneath = await store.inspect("anew");
    for (const by of [saver, store.open()]) {
      await by.getTuple(on("anew"));
      await expect(by.putWrites(at("anew", old), [["last", text("late")]], "task")).rejects.toMatchObject({
        code: "HOLDFAST_THREAD_DELETED",
      });
    }
    expect(await store.inspect("anew")).toEqual(underneath);
  });
}

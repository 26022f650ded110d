import { Command } from "@langchain/langgraph";
import { expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "../plain-checkpoints.js";
import { questionGraph } from "../question-graph.js";
import { putChain } from "./chains.js";
import { deepQuestionGraph, deltaGraph } from "./graphs.js";
import type { RetentionStore } from "./retention-store.js";
import { asRun, on, shownOf } from "./shown.js";
import { GONE } from "./target.js";

/** Registers the tests of copies. */
export function copyingTests(store: RetentionStore): void {
  it("C-58 a copy has the same checkpoints, writes and labels, in the same order", async () => {
    const saver = store.open();
    await deepQuestionGraph(saver).invoke({ input: "q" }, asRun("original", "run 1"));
    await deepQuestionGraph(saver).invoke(new Command({ resume: "yes" }), asRun("original", "run 2"));
    await deepQuestionGraph(saver).invoke(
      { input: "r" },
      { ...asRun("original", "run 3"), metadata: { run_id: "run 3", user: "ada" } },
    );
    const expected = await shownOf(saver, "original");
    const ids = new Set(expected.map(({ namespace, id }) => `${namespace} ${id}`));
    expect(await store.open().copyThread("original", "copy")).toEqual({ checkpoints: ids.size });
    for (const by of [saver, store.open({ cacheBytes: 0 })]) {
      expect(await shownOf(by, "copy")).toEqual(expected);
      expect(await shownOf(by, "original")).toEqual(expected);
    }
    expect(await store.inspect("copy")).toEqual(await store.inspect("original"));
    const labelled: Record<string, string[]> = { original: [], copy: [] };
    for (const thread of ["original", "copy"]) {
      for await (const { checkpoint } of saver.list(on(thread), { labels: { run_id: "run 2" } }))
        labelled[thread]?.push(checkpoint.id);
    }
    expect(labelled.copy?.length).toBeGreaterThan(0);
    expect(labelled.copy).toEqual(labelled.original);
    const listed: unknown[] = [];
    for await (const { labels, checkpoints, isWaiting } of saver.listThreads()) listed.push({ labels, checkpoints, isWaiting });
    expect(listed).toEqual(
      Array.from({ length: 2 }, () => ({ labels: { user: "ada" }, checkpoints: ids.size, isWaiting: true })),
    );
  });

  it("C-58 an interrupted thread can be resumed in the copy and in the original", async () => {
    const [saver, other] = [store.open(), store.open()];
    await questionGraph(saver, () => undefined).invoke({ input: "q" }, on("original"));
    await other.copyThread("original", "copy");
    const answered = await questionGraph(other, () => undefined).invoke(new Command({ resume: "in the copy" }), on("copy"));
    expect(answered.log).toEqual(["first: in the copy"]);
    expect((await questionGraph(saver, () => undefined).getState(on("original"))).values.log, "untouched").toEqual([]);
    const original = await questionGraph(saver, () => undefined).invoke(new Command({ resume: "here" }), on("original"));
    expect(original.log).toEqual(["first: here"]);
    expect((await questionGraph(saver, () => undefined).getState(on("copy"))).values.log).toEqual(["first: in the copy"]);
  });

  for (const [gone, stays] of [
    ["original", "copy"],
    ["copy", "original"],
  ] as const) {
    it(`C-58 the ${stays} is not touched when the ${gone} is pruned, and then deleted`, async () => {
      const saver = store.open();
      await putChain(saver, "original", 6);
      await saver.copyThread("original", "copy");
      const before = await shownOf(saver, stays);
      await saver.prune([gone]);
      expect(await shownOf(saver, stays)).toEqual(before);
      await saver.deleteThread(gone);
      expect(await store.inspect(gone)).toEqual(GONE);
      for (const by of [saver, store.open({ cacheBytes: 0 })]) expect(await shownOf(by, stays)).toEqual(before);
    });
  }

  it("C-58 checkpoints that are out of sight are copied, and are out of sight", async () => {
    const saver = store.open();
    const graph = deltaGraph(saver);
    for (const input of ["1", "2", "3"]) await graph.invoke({ input }, on("original"));
    expect((await saver.prune(["original"])).hidden).toBeGreaterThan(0);
    const { values } = await graph.getState(on("original"));
    await saver.copyThread("original", "copy");
    await saver.deleteThread("original");
    expect((await graph.getState(on("copy"))).values).toEqual(values);
    expect(await shownOf(saver, "copy")).toHaveLength(2);
  });

  it("C-58 writes whose checkpoint is on its way are not copied: it will not come to the copy", async () => {
    const saver = store.open();
    const [first, next] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2 }, 2)];
    await putWhole(saver, "early", first);
    await saver.putWrites(at("early", first.id), [["n", 2]], "task");
    await saver.putWrites(at("early", next.id), [["n", 3]], "task");
    await saver.copyThread("early", "copy of early");
    expect(await saver.stats("copy of early")).toMatchObject({ checkpoints: 1 });
    await putWhole(saver, "early", next, first.id);
    expect(await store.inspect("copy of early")).toMatchObject({ checkpoints: 1, writes: 1, orphans: [] });
    expect((await saver.getTuple(at("early", next.id)))?.pendingWrites).toEqual([["task", "n", 3]]);
    // Of what has no checkpoint at all there is nothing to copy.
    await saver.putWrites(at("only writes", next.id), [["n", 3]], "task");
    await expect(saver.copyThread("only writes", "copy of writes")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
  });

  it("C-58 a lease is not copied", async () => {
    const saver = store.open();
    await putChain(saver, "original", 2);
    const lease = await saver.acquireThread("original");
    await saver.copyThread("original", "copy");
    await putWhole(saver, "copy", checkpointOf({ a: 1 }));
    await expect(putWhole(saver, "original", checkpointOf({ a: 1 }))).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    await lease.release();
  });

  it("C-58 nothing is copied onto a thread, nor from none", async () => {
    const saver = store.open();
    await putChain(saver, "one", 3);
    await putChain(saver, "two", 2);
    await saver.acquireThread("only leased");
    const before = [await shownOf(saver, "one"), await shownOf(saver, "two")];
    for (const target of ["two", "one"]) {
      await expect(saver.copyThread("one", target)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_EXISTS" });
    }
    for (const target of ["three", "two"]) {
      await expect(saver.copyThread("unknown", target)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
      await expect(saver.copyThread("only leased", target)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
    }
    expect([await shownOf(saver, "one"), await shownOf(saver, "two")]).toEqual(before);
    expect(await store.inspect("three")).toEqual(GONE);
  });

  it("C-58 of several copies to one id at once, one is made, as a whole", async () => {
    const sources = ["a", "b", "c", "d"];
    const saver = store.open();
    for (const [n, source] of sources.entries()) await putChain(saver, source, 3 + n);
    const savers = sources.map(() => store.open());
    for (const target of ["first", "second", "third"]) {
      const made = await Promise.allSettled(sources.map((source, n) => (savers[n] ?? saver).copyThread(source, target)));
      const winners = sources.filter((_, n) => made[n]?.status === "fulfilled");
      const reasons = made.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
      expect(winners).toHaveLength(1);
      expect(reasons).toEqual(reasons.map(() => expect.objectContaining({ code: "HOLDFAST_THREAD_EXISTS" })));
      expect(await shownOf(saver, target)).toEqual(await shownOf(saver, winners[0] as string));
      expect((await store.inspect(target)).orphans).toEqual([]);
    }
  });

  it("C-58 a copy is the thread as it was at one moment, whatever is written meanwhile", async () => {
    const [writer, copier] = [store.open(), store.open()];
    await putChain(writer, "busy", 3);
    let isOver = false;
    const write = async (): Promise<void> => {
      try {
        for (let n = 0; n < 12; n += 1) {
          const checkpoint = checkpointOf({ n, same: n }, n + 10);
          await putWhole(writer, "busy", checkpoint, (await writer.getTuple(on("busy")))?.checkpoint.id);
          await writer.putWrites(at("busy", checkpoint.id), [["n", n]], "task");
        }
      } finally {
        isOver = true;
      }
    };
    const copies: string[] = [];
    const copy = async (): Promise<void> => {
      do {
        copies.push(`copy ${copies.length}`);
        await copier.copyThread("busy", copies.at(-1) as string);
      } while (!isOver);
    };
    await Promise.all([write(), copy()]);
    const all = await shownOf(writer, "busy");
    for (const thread of copies) {
      const copied = await shownOf(copier, thread);
      const expected = all.slice(-copied.length);
      // Its newest may not have had its write by then.
      expect(copied.map((each, n) => (n < 2 ? { ...each, writes: expected[n]?.writes } : each))).toEqual(expected);
    }
  });
}

import { importThreads, type ThreadInfo } from "@holdfast/checkpoint-core";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { at, checkpointOf, listedIds, putWhole } from "./plain-checkpoints.js";
import { putChain } from "./retention/chains.js";
import { retentionStore } from "./retention/retention-store.js";
import type { KeepingSaver, RetentionTarget } from "./retention/target.js";

/** Registers the tests of what goes along with a thread from one store of ours to another, and of labels that a thread is given. */
export function movedThreadTests(target: RetentionTarget): void {
  const [here, there] = [retentionStore(target), retentionStore(target)];
  const listed = async (saver: KeepingSaver): Promise<ThreadInfo[]> => {
    const threads: ThreadInfo[] = [];
    for await (const thread of saver.listThreads()) threads.push(thread);
    return threads;
  };
  const shown = async (saver: KeepingSaver): Promise<object[]> =>
    (await listed(saver)).map(({ threadId, createdAt, updatedAt, labels, checkpoints }) => ({
      threadId,
      createdAt,
      updatedAt,
      labels,
      checkpoints,
    }));

  describe("between two stores of ours", () => {
    it("C-110 labels, times and the order of threads come along, and erasure by label finds them", async () => {
      const [source, moved] = [here.open({ labels: ["tenant"] }), there.open({ labels: ["tenant"] })];
      for (const [thread, tenant] of [
        ["b", "acme"],
        ["a", "other"],
        ["c", "acme"],
      ] as const) {
        await putChain(source, thread, 3, { configurable: { tenant, run_id: `run of ${thread}` } });
      }
      await putChain(source, "b", 1, { configurable: { user: "ada", run_id: "last run" } });
      const before = await shown(source);
      expect((await listed(source)).map(({ threadId }) => threadId)).toEqual(["b", "c", "a"]);
      const times = await Promise.all(["a", "b", "c"].map((thread) => source.stats(thread)));
      expect(await importThreads(source, moved)).toMatchObject({ threads: 3, leftAlone: [] });
      expect(await shown(moved)).toEqual(before);
      // Again, nothing changes.
      expect(await importThreads(source, moved)).toMatchObject({ threads: 3, checkpoints: 0 });
      expect(await shown(there.open())).toEqual(before);
      for (const [n, thread] of ["a", "b", "c"].entries()) {
        expect((await moved.stats(thread)).oldest, thread).toBe(times[n]?.oldest);
        expect((await moved.stats(thread)).bytes, thread).toBe(
          (await listed(moved)).find(({ threadId }) => threadId === thread)?.bytes,
        );
      }
      expect(await moved.deleteForRuns(["last run"])).toMatchObject({ threads: 1, checkpoints: 1 });
      expect(await moved.prune({ olderThan: 0, labels: { tenant: "acme" } }, { strategy: "delete" })).toMatchObject({
        deleted: 2,
      });
      expect((await listed(moved)).map(({ threadId }) => threadId)).toEqual(["a"]);
    });

    it("C-110 a thread that was moved comes first again when it is written to", async () => {
      const [source, moved] = [here.open(), there.open()];
      for (const thread of ["old", "new"]) {
        await putChain(source, thread, 1);
      }
      await importThreads(source, moved);
      expect((await listed(moved)).map(({ threadId }) => threadId)).toEqual(["new", "old"]);
      const [head] = await listedIds(moved, "old");
      await putWhole(moved, "old", checkpointOf({ a: 1 }), head);
      expect((await listed(moved)).map(({ threadId }) => threadId)).toEqual(["old", "new"]);
      // It has gone on here: what it has stays.
      const before = await shown(moved);
      expect(await importThreads(source, moved)).toMatchObject({ leftAlone: ["old"] });
      expect(await shown(moved)).toEqual(before);
    });

    it("C-110 many checkpoints come along with their history", async () => {
      const [source, moved] = [here.open(), there.open()];
      for (let n = 0; n < 1_100; n += 100) {
        await Promise.all(Array.from({ length: 100 }, () => putWhole(source, "long", checkpointOf({}))));
      }
      await source.setLabels("long", { user: "ada" });
      const before = await shown(source);
      await importThreads(source, moved);
      expect(await shown(moved)).toEqual(before);
      expect((await moved.stats("long")).oldest).toBe((await source.stats("long")).oldest);
    });
  });

  it("C-110 an import adds labels, the same for all threads or by their ids, also from another saver", async () => {
    const memory = new MemorySaver();
    for (const thread of ["1", "2"]) await putWhole(memory, thread, checkpointOf({ a: 1 }));
    const saver = here.open({ labels: ["origin"] });
    const labelsNow = async (): Promise<object> =>
      Object.fromEntries((await listed(saver)).map(({ threadId, labels }) => [threadId, labels]));
    await importThreads(memory, saver, { labels: { origin: "memory" } });
    expect(await labelsNow()).toEqual({ 1: { origin: "memory" }, 2: { origin: "memory" } });
    await importThreads(memory, saver, { labels: (threadId) => ({ user: `owner of ${threadId}` }) });
    expect(await labelsNow()).toEqual({
      1: { origin: "memory", user: "owner of 1" },
      2: { origin: "memory", user: "owner of 2" },
    });
    const refused = { code: "HOLDFAST_INVALID_OPTIONS" };
    await expect(importThreads(memory, saver, { labels: { orign: "typo" } })).rejects.toMatchObject(refused);
    await expect(importThreads(memory, saver, { labels: "origin" as never })).rejects.toMatchObject(refused);
    await expect(importThreads(saver, memory, { labels: { user: "ada" } })).rejects.toMatchObject(refused);
  });

  it("C-39 setLabels changes the labels of a thread, and nothing else", async () => {
    const saver = here.open({ labels: ["tenant", "it's"] });
    await putChain(saver, "t", 2, { configurable: { user: "ada" } });
    await putChain(saver, "other", 1, { configurable: { user: "ada" } });
    await here.age("t", 3_600_000);
    const labelsNow = async (): Promise<unknown> => (await listed(saver)).find(({ threadId }) => threadId === "t")?.labels;
    const before = (await shown(saver)).map((thread) => ({ ...thread, labels: undefined }));
    await saver.setLabels("t", { tenant: "acme", "it's": "'; \"{}é" });
    expect(await labelsNow()).toEqual({ user: "ada", tenant: "acme", "it's": "'; \"{}é" });
    await saver.setLabels("t", { user: null, tenant: "other", "it's": null });
    expect(await labelsNow()).toEqual({ tenant: "other" });
    await saver.setLabels("t", {});
    await here.open({ labels: ["tenant"] }).setLabels("t", { tenant: null });
    expect(await labelsNow()).toEqual({});
    expect((await shown(saver)).map((thread) => ({ ...thread, labels: undefined }))).toEqual(before);
    expect((await saver.getTuple(at("t")))?.checkpoint.channel_values).toBeDefined();
    // What the next run says counts again.
    await saver.setLabels("t", { user: "bob" });
    await putChain(saver, "t", 1, { configurable: { user: "ada" } });
    expect(await labelsNow()).toEqual({ user: "ada" });
  });

  it("C-39 setLabels refuses what is no label, and threads that there are not", async () => {
    const saver = here.open();
    await putChain(saver, "t", 1);
    const wrong: readonly unknown[] = [
      { run_id: "r" },
      { tenant: "acme" },
      { tenant: null },
      { user: 1 },
      { user: "x".repeat(257) },
      null,
      [],
      "user",
    ];
    for (const labels of wrong) {
      await expect(saver.setLabels("t", labels as never), JSON.stringify(labels)).rejects.toMatchObject({
        code: "HOLDFAST_INVALID_OPTIONS",
      });
    }
    await expect(saver.setLabels("nobody", { user: "ada" })).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
    await expect(saver.setLabels("", { user: "ada" })).rejects.toMatchObject({ code: "HOLDFAST_INVALID_THREAD_ID" });
  });
}

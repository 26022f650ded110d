import { exclusive, importThreads } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import { Command } from "@langchain/langgraph";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { failureOf } from "../failure.js";
import { allOf } from "../migration/all-of.js";
import { officialPostgres } from "../migration/old-savers.js";
import { oldThreads } from "../migration/old-threads.js";
import { watched } from "../migration/watched-saver.js";
import { plainTuple, wholeThread } from "../migration/whole-thread.js";
import { at, checkpointOf, putWhole } from "../plain-checkpoints.js";
import { questionGraph } from "../question-graph.js";
import type { TestedSaver } from "../target.js";
import { runOrders } from "../thread-history.js";
import type { FallbackStage } from "./stage.js";

/** Registers the tests of migrating a thread before its first write. */
export function migratingTests(stage: FallbackStage): void {
  const { exists, replica, target } = stage;

  it("C-113 eight replicas migrate one thread at once: it is here once, whole, and each goes on with it", async () => {
    const old = await officialPostgres(target.postgresUrl());
    for (let round = 0; round < 3; round += 1) {
      const id = `eight at once ${round}`;
      await runOrders(old.saver, id, ["first", "second"]);
      const before = await wholeThread(old.saver, id);
      const savers = Array.from({ length: 8 }, () => replica(old.another()));
      const results = await Promise.all(savers.map((saver, n) => runOrders(saver, id, [`third of ${n}`])));
      for (const [n, values] of results.entries()) expect(values).toMatchObject({ order: `third of ${n}` });
      const after = await wholeThread(stage.plain, id);
      const root = after[""] ?? [];
      // All of the old ones first, in their order, each once; then eight branches.
      expect(root.slice(-(before[""]?.length ?? 0)).slice(1)).toEqual(before[""]?.slice(1));
      expect(new Set(root.map((checkpoint) => (checkpoint as { id: string }).id)).size).toBe(root.length);
      const { "": rootBefore = [], ...inner } = before;
      for (const [namespace, checkpoints] of Object.entries(inner)) expect(after[namespace]).toEqual(checkpoints);
      const turn = root.length - rootBefore.length;
      expect(turn % 8, "each replica wrote a whole turn").toBe(0);
      expect(turn).toBeGreaterThan(0);
      await stage.closeReplicas();
    }
    await old.close();
  });

  it("C-113 while a thread is being migrated, others read it where it is, and their writes wait", async () => {
    const old = new MemorySaver();
    await runOrders(old, "slow", ["first"]);
    const before = await wholeThread(old, "slow");
    const [reached, release] = [gate(), gate()];
    let reads = 0;
    const slow = watched(old, async (method, [config]) => {
      if (method !== "getTuple" || (config as ReturnType<typeof at>).configurable?.checkpoint_id === undefined) return;
      reads += 1;
      if (reads !== 6) return;
      reached.open();
      await release.opened;
    });
    const first = runOrders(replica(slow), "slow", ["of the one that migrates"]);
    await reached.opened;
    // A saver without the old store cannot copy all of it, so it refuses.
    await expect(stage.plain.copyThread("slow", "part of slow")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    expect(await exists("part of slow")).toBe(false);
    const copied = replica(old).copyThread("slow", "copy of slow");
    expect(await allOf(stage.plain.list(at("slow"))), "the part that is here").toEqual([]);
    const other = replica(old);
    expect(plainTuple((await other.getTuple(at("slow"))) ?? expect.fail("It is there."))).toEqual(before[""]?.[0]);
    expect(await wholeThread(other, "slow")).toEqual(before);
    let isWritten = false;
    const head = await other.getTuple(at("slow"));
    const second = other.putWrites(head?.config ?? {}, [["log", ["by the other"]]], "task").then(() => {
      isWritten = true;
    });
    // It has looked, and was told to wait.
    const asked = target.roundTrips(other);
    await eventually("the other tries", () => target.roundTrips(other) > asked + 3);
    expect(isWritten).toBe(false);
    release.open();
    await Promise.all([first, second]);
    expect((await copied).checkpoints).toBeGreaterThanOrEqual(Object.values(before).flat().length);
    expect((await wholeThread(stage.plain, "copy of slow"))[""]?.slice(-2)).toEqual(before[""]?.slice(-2));
    expect((await stage.plain.getTuple(head?.config ?? {}))?.pendingWrites).toContainEqual(["task", "log", ["by the other"]]);
    expect((await wholeThread(stage.plain, "slow"))[""]?.slice(-2)).toEqual(before[""]?.slice(-2));
  });

  it("C-58 C-112 a thread that is not here yet is copied as a whole, and not onto one that is in the old store", async () => {
    const old = new MemorySaver();
    await runOrders(old, "to be copied", ["first"]);
    await runOrders(old, "in the way", ["first"]);
    const saver = replica(old);
    await expect(saver.copyThread("to be copied", "in the way")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_EXISTS" });
    const before = await wholeThread(old, "to be copied");
    expect(await saver.copyThread("to be copied", "copied")).toEqual({ checkpoints: Object.values(before).flat().length });
    expect(await wholeThread(stage.plain, "copied")).toEqual(before);
  });

  it("C-31 C-41 C-113 what a thread's first write replaces is replaced, though the copy is made after the call", async () => {
    const old = new MemorySaver();
    const checkpoint = checkpointOf({ n: 1 });
    for (const thread of ["put again", "answered again"]) {
      await putWhole(old, thread, checkpoint);
      await old.putWrites(at(thread, checkpoint.id), [["__resume__", ["a"]]], "task");
    }
    await putWhole(replica(old), "put again", { ...checkpointOf({ n: 2 }, 2), id: checkpoint.id });
    expect((await stage.plain.getTuple(at("put again")))?.checkpoint.channel_values).toEqual({ n: 2 });
    await replica(old).putWrites(at("answered again", checkpoint.id), [["__resume__", ["a", "b"]]], "task");
    expect((await stage.plain.getTuple(at("answered again")))?.pendingWrites).toEqual([["task", "__resume__", ["a", "b"]]]);
  });

  it("C-113 a migration that broke off anywhere shows nothing of itself, and the next write makes it whole", async () => {
    const old = new MemorySaver();
    for (let call = 1; call <= 24; call += 1) {
      const id = `broken off at ${call}`;
      await oldThreads["waits in a subgraph"]?.begin(old, id);
      const before = await wholeThread(old, id);
      let reads = 0;
      const broken = watched(old, (method) => {
        if (method !== "getTuple" && method !== "list") return;
        reads += 1;
        if (reads === call) throw new Error("The old store is down.");
      });
      const head = (await old.getTuple(at(id)))?.config ?? {};
      const fails = replica(broken).putWrites(head, [["log", ["lost"]]], "a task");
      const outcome = await fails.then(
        () => "stored" as const,
        (error: Error) => error.message,
      );
      if (outcome !== "stored") expect(outcome).toBe("The old store is down.");
      const saver = replica(old);
      if (outcome !== "stored") expect(await wholeThread(saver, id)).toEqual(before);
      await saver.putWrites(head, [["log", ["kept"]]], "another task");
      const after = await wholeThread(stage.plain, id);
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
      for (const [namespace, checkpoints] of Object.entries(before))
        expect(after[namespace]?.slice(1)).toEqual(checkpoints.slice(1));
      await stage.closeReplicas();
      if (outcome === "stored") return;
    }
    expect.fail("It never came through.");
  });

  it("C-113 what an old replica writes to a thread after it was migrated is not seen", async () => {
    const old = new MemorySaver();
    await runOrders(old, "split", ["first"]);
    const saver = replica(old);
    await runOrders(saver, "split", ["second"]);
    const before = await wholeThread(saver, "split");
    await runOrders(old, "split", ["too late"]);
    for (const each of [saver, replica(old)]) expect(await wholeThread(each, "split")).toEqual(before);
    expect(await runOrders(replica(old), "split", ["third"])).toMatchObject({ log: expect.arrayContaining(["closed second"]) });
    expect(JSON.stringify(await wholeThread(saver, "split"))).not.toContain("too late");
  });

  it("C-113 an exclusive run takes its thread over under its own lease", async () => {
    const old = new MemorySaver();
    await questionGraph(old, () => {}).invoke({ input: "do it" }, at("exclusive"));
    const savers = Array.from({ length: 4 }, () => replica(old));
    const acts: string[] = [];
    const runs = savers.map((saver) => {
      const app = exclusive(questionGraph(saver, (name) => void acts.push(name)));
      return app.invoke(new Command({ resume: "yes" }), at("exclusive"));
    });
    await Promise.all(runs);
    // One after the other: the first answers the first question, the second the other one.
    expect(acts).toEqual(["first act", "second act"]);
    await oldThreads["waits for its first answer"]?.begin(old, "as it would have been");
    const graph = questionGraph(old, () => {});
    for (let n = 0; n < 4; n += 1) await graph.invoke(new Command({ resume: "yes" }), at("as it would have been"));
    expect((await graph.getState(at("as it would have been"))).values).toEqual(
      (await questionGraph(stage.plain, () => {}).getState(at("exclusive"))).values,
    );
  });

  it("C-113 with onConflict: reject, a run that began where the thread was conflicts with one that was first", async () => {
    const old = new MemorySaver();
    await putWhole(old, "conflict", checkpointOf({ log: ["old"] }));
    const [one, two] = [replica(old, { onConflict: "reject" }), replica(old, { onConflict: "reject" })];
    const [readByOne, readByTwo] = await Promise.all([one, two].map((saver) => saver.getTuple(at("conflict"))));
    const put = (saver: TestedSaver, config = {}): Promise<unknown> => {
      const checkpoint = checkpointOf({ log: ["new"] }, 2);
      return saver.put(config, checkpoint, { source: "loop", step: 1, parents: {} }, checkpoint.channel_versions);
    };
    await put(one, readByOne?.config);
    expect(await failureOf(() => put(two, readByTwo?.config))).toMatchObject({ code: "HOLDFAST_CONCURRENT_UPDATE" });
  });

  it("C-113 importThreads brings the rest over while runs go on", async () => {
    const old = await officialPostgres(target.postgresUrl());
    const threads = Array.from({ length: 6 }, (_, n) => `rest ${n}`);
    for (const id of threads) await runOrders(old.saver, id, ["first"]);
    const fallback = old.another();
    const saver = replica(fallback);
    const [report] = await Promise.all([
      importThreads(fallback, saver, { threads }),
      ...threads.slice(3).map((id) => runOrders(replica(old.another()), id, ["second"])),
    ]);
    expect(report).toMatchObject({ threads: 6, leftAlone: [] });
    for (const [n, id] of threads.entries()) {
      const values = (await stage.plain.getTuple(at(id)))?.checkpoint.channel_values;
      expect(values?.order).toBe(n < 3 ? "first" : "second");
    }
    // Nothing is there any more that the old saver would be needed for.
    await importThreads(fallback, saver, { threads });
    await old.close();
  });
}

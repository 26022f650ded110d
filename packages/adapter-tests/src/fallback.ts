import { exclusive, importThreads } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import { Command } from "@langchain/langgraph";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { allOf } from "./migration/all-of.js";
import { deltaGraph } from "./migration/delta-graph.js";
import { type OldStore, officialPostgres, oldStores } from "./migration/old-savers.js";
import { oldThreads } from "./migration/old-threads.js";
import { watched } from "./migration/watched-saver.js";
import { plainTuple, wholeThread } from "./migration/whole-thread.js";
import { at, checkpointOf, listedIds, putWhole } from "./plain-checkpoints.js";
import { questionGraph } from "./question-graph.js";
import type { MigrationTarget, OpenOptions, TestedSaver, TestStore } from "./target.js";
import { runOrders, threadHistory } from "./thread-history.js";

export interface FallbackTarget extends MigrationTarget {
  /** How many requests a saver that `open` made has sent to its store. */
  roundTrips(saver: TestedSaver): number;
}

/** Registers the tests of a service that switches from another saver while it runs. */
export function fallbackTests(target: FallbackTarget): void {
  let store: TestStore;
  /** The new store by itself. */
  let plain: TestedSaver;
  const opened: TestedSaver[] = [];

  beforeAll(async () => {
    store = await target.openStore();
    plain = target.open(store.url);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((saver) => target.close(saver)));
  });
  afterAll(async () => {
    if (plain !== undefined) await target.close(plain);
    await store?.drop();
  });

  /** A replica of the new version. */
  function replica(fallback: BaseCheckpointSaver, options: OpenOptions = {}): TestedSaver {
    const saver = target.open(store.url, { ...options, fallback });
    opened.push(saver);
    return saver;
  }

  const exists = async (thread: string): Promise<boolean> => (await allOf(plain.list(at(thread)))).length > 0;

  for (const [from, openOld] of Object.entries(oldStores)) {
    describe(`from ${from}`, () => {
      let old: OldStore;
      beforeAll(async () => {
        old = await openOld(target.postgresUrl());
      });
      afterAll(async () => old?.close());

      for (const [kind, { begin, goOn }] of Object.entries(oldThreads)) {
        it(`C-112 a thread that ${kind} is read where it is, migrated whole at the first write, and goes on`, async () => {
          const id = `${from}: ${kind}`;
          await begin(old.saver, id);
          const before = await wholeThread(old.saver, id);
          const saver = replica(old.another());
          const head = await saver.getTuple(at(id));
          expect(head?.config).toEqual({
            configurable: { thread_id: id, checkpoint_ns: "", checkpoint_id: head?.checkpoint.id },
          });
          expect(await wholeThread(saver, id)).toEqual(before);
          expect(await exists(id), "after reading").toBe(false);
          if (goOn === undefined) return;
          await goOn(saver, id);
          const after = await wholeThread(plain, id);
          for (const [namespace, checkpoints] of Object.entries(before)) {
            // The newest has the writes of the run that went on from it.
            const taken = after[namespace]?.slice(-checkpoints.length) ?? [];
            expect(taken.slice(1), `${namespace}, migrated`).toEqual(checkpoints.slice(1));
          }
          expect(await wholeThread(saver, id)).toEqual(after);
          expect(await wholeThread(old.saver, id), "the old store is not written to").toEqual(before);
        });
      }
    });
  }

  it("C-112 delta channels of a thread that is not here yet are rebuilt from there", async () => {
    const old = new MemorySaver();
    for (const input of ["a", "b"]) await deltaGraph(old).invoke({ input }, at("deltas"));
    const { values } = await deltaGraph(replica(old)).getState(at("deltas"));
    expect(values).toEqual((await deltaGraph(old).getState(at("deltas"))).values);
  });

  it("C-112 once a thread is known to be here, neither the old saver is asked nor a round trip more is made", async () => {
    const calls: string[] = [];
    const old = watched(new MemorySaver(), (method) => void calls.push(method));
    await runOrders(old, "known", ["first"]);
    const saver = replica(old);
    await runOrders(saver, "known", ["second"]);
    await runOrders(saver, "born here", ["first"]);
    calls.length = 0;
    const count = async (action: () => Promise<unknown>): Promise<number> => {
      const before = target.roundTrips(saver);
      await action();
      return target.roundTrips(saver) - before;
    };
    for (const id of ["known", "born here"]) {
      const { config, checkpoint } = (await saver.getTuple(at(id))) ?? expect.fail("It is there.");
      expect(await count(() => saver.getTuple(at(id)))).toBe(1);
      expect(await count(() => saver.putWrites(config, [["log", ["more"]]], "task"))).toBe(1);
      expect(await count(() => putWhole(saver, id, checkpointOf({ log: [] }), checkpoint.id))).toBe(1);
      expect(await count(() => saver.getTuple(at(id, "not there")))).toBe(1);
      expect(await count(() => listedIds(saver, `${id}`))).toBeGreaterThan(0);
    }
    expect(calls).toEqual([]);
  });

  it("C-112 a list of all threads has those that are here, and then those that are not yet, each once", async () => {
    const own = await target.openStore();
    const old = new MemorySaver();
    for (const id of ["a", "b", "c"]) await runOrders(old, id, ["first"]);
    const saver = target.open(own.url, { fallback: old });
    await runOrders(saver, "new", ["first"]);
    await runOrders(saver, "b", ["second"]);
    const ids = (await allOf(saver.list({}))).map(({ config }) => String(config.configurable?.thread_id));
    const inOrder = ids.filter((id, n) => id !== ids[n - 1]);
    expect(inOrder.slice(0, 2).sort()).toEqual(["b", "new"]);
    expect(inOrder.slice(2).sort()).toEqual(["a", "c"]);
    expect(await allOf(saver.list({}, { limit: ids.length - 2 }))).toHaveLength(ids.length - 2);
    const inputs = await allOf(saver.list({}, { filter: { source: "input" } }));
    // Five turns, each with its subgraph.
    expect(inputs).toHaveLength(10);
    await target.close(saver);
    await own.drop();
  });

  it("C-112 a thread that is copied while all threads are listed is in the list, once", async () => {
    const own = await target.openStore();
    const old = new MemorySaver();
    for (const id of ["a", "b"]) await runOrders(old, id, ["first"]);
    const other = target.open(own.url, { fallback: old });
    let isFirst = true;
    const lister = target.open(own.url, {
      // After the list has read this store, and before it reads the old one.
      fallback: watched(old, async (method) => {
        if (method !== "list" || !isFirst) return;
        isFirst = false;
        await runOrders(other, "b", ["second"]);
      }),
    });
    const expected = await allOf(other.list({}));
    const listed = await allOf(lister.list({}));
    const count = (tuples: typeof listed, id: string): number =>
      tuples.filter(({ config }) => config.configurable?.thread_id === id).length;
    expect(count(listed, "a")).toBe(count(expected, "a"));
    expect(count(listed, "b")).toBe((await allOf(other.list({ configurable: { thread_id: "b" } }))).length);
    await Promise.all([lister, other].map((saver) => target.close(saver)));
    await own.drop();
  });

  it("C-112 a thread that has only a subgraph's checkpoint so far is in the list of all threads", async () => {
    const own = await target.openStore();
    const old = new MemorySaver();
    await putWhole(old, "there", checkpointOf({ log: ["old"] }));
    const saver = target.open(own.url, { fallback: old });
    const checkpoint = checkpointOf({ log: ["sub"] });
    const config = { configurable: { thread_id: "early", checkpoint_ns: "remembers" } };
    await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, checkpoint.channel_versions);
    const listed = await allOf(saver.list({}));
    expect(listed.map((tuple) => tuple.config.configurable?.thread_id)).toEqual(["early", "there"]);
    await target.close(saver);
    await own.drop();
  });

  it("C-113 eight replicas migrate one thread at once: it is here once, whole, and each goes on with it", async () => {
    const old = await officialPostgres(target.postgresUrl());
    for (let round = 0; round < 3; round += 1) {
      const id = `eight at once ${round}`;
      await runOrders(old.saver, id, ["first", "second"]);
      const before = await wholeThread(old.saver, id);
      const savers = Array.from({ length: 8 }, () => replica(old.another()));
      const results = await Promise.all(savers.map((saver, n) => runOrders(saver, id, [`third of ${n}`])));
      for (const [n, values] of results.entries()) expect(values).toMatchObject({ order: `third of ${n}` });
      const after = await wholeThread(plain, id);
      const root = after[""] ?? [];
      // All of the old ones first, in their order, each once; then eight branches.
      expect(root.slice(-(before[""]?.length ?? 0)).slice(1)).toEqual(before[""]?.slice(1));
      expect(new Set(root.map((checkpoint) => (checkpoint as { id: string }).id)).size).toBe(root.length);
      const { "": rootBefore = [], ...inner } = before;
      for (const [namespace, checkpoints] of Object.entries(inner)) expect(after[namespace]).toEqual(checkpoints);
      const turn = root.length - rootBefore.length;
      expect(turn % 8, "each replica wrote a whole turn").toBe(0);
      expect(turn).toBeGreaterThan(0);
      await Promise.all(opened.splice(0).map((saver) => target.close(saver)));
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
    await expect(plain.copyThread("slow", "part of slow")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    expect(await exists("part of slow")).toBe(false);
    const copied = replica(old).copyThread("slow", "copy of slow");
    expect(await allOf(plain.list(at("slow"))), "the part that is here").toEqual([]);
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
    expect((await wholeThread(plain, "copy of slow"))[""]?.slice(-2)).toEqual(before[""]?.slice(-2));
    expect((await plain.getTuple(head?.config ?? {}))?.pendingWrites).toContainEqual(["task", "log", ["by the other"]]);
    expect((await wholeThread(plain, "slow"))[""]?.slice(-2)).toEqual(before[""]?.slice(-2));
  });

  it("C-58 C-112 a thread that is not here yet is copied as a whole, and not onto one that is in the old store", async () => {
    const old = new MemorySaver();
    await runOrders(old, "to be copied", ["first"]);
    await runOrders(old, "in the way", ["first"]);
    const saver = replica(old);
    await expect(saver.copyThread("to be copied", "in the way")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_EXISTS" });
    const before = await wholeThread(old, "to be copied");
    expect(await saver.copyThread("to be copied", "copied")).toEqual({ checkpoints: Object.values(before).flat().length });
    expect(await wholeThread(plain, "copied")).toEqual(before);
  });

  it("C-31 C-41 C-113 what a thread's first write replaces is replaced, though the copy is made after the call", async () => {
    const old = new MemorySaver();
    const checkpoint = checkpointOf({ n: 1 });
    for (const thread of ["put again", "answered again"]) {
      await putWhole(old, thread, checkpoint);
      await old.putWrites(at(thread, checkpoint.id), [["__resume__", ["a"]]], "task");
    }
    await putWhole(replica(old), "put again", { ...checkpointOf({ n: 2 }, 2), id: checkpoint.id });
    expect((await plain.getTuple(at("put again")))?.checkpoint.channel_values).toEqual({ n: 2 });
    await replica(old).putWrites(at("answered again", checkpoint.id), [["__resume__", ["a", "b"]]], "task");
    expect((await plain.getTuple(at("answered again")))?.pendingWrites).toEqual([["task", "__resume__", ["a", "b"]]]);
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
      const after = await wholeThread(plain, id);
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
      for (const [namespace, checkpoints] of Object.entries(before))
        expect(after[namespace]?.slice(1)).toEqual(checkpoints.slice(1));
      await Promise.all(opened.splice(0).map((each) => target.close(each)));
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
      (await questionGraph(plain, () => {}).getState(at("exclusive"))).values,
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

  it("C-114 a deleted thread is gone in both stores, and does not come back", async () => {
    const old = new MemorySaver();
    for (const id of ["deleted there", "deleted here"]) await runOrders(old, id, ["first"]);
    const saver = replica(old);
    await runOrders(saver, "deleted here", ["second"]);
    for (const id of ["deleted there", "deleted here"]) {
      await saver.deleteThread(id);
      expect(await old.getTuple(at(id))).toBeUndefined();
      for (const each of [saver, replica(old)]) {
        expect(await each.getTuple(at(id))).toBeUndefined();
        expect(await wholeThread(each, id)).toEqual({});
      }
      expect(await runOrders(saver, id, ["anew"])).toMatchObject({ log: expect.arrayContaining(["planned anew"]) });
      expect(JSON.stringify(await threadHistory(plain, id))).not.toContain("first");
    }
  });

  for (const how of ["the run's next put", "its put again", "the writes of a task", "a subgraph's first put"] as const) {
    it(`C-51 C-114 ${how} after a thread was deleted that it has read in the old store is refused`, async () => {
      const old = new MemorySaver();
      const thread = `read there: ${how}`;
      const first = checkpointOf({ log: ["old"] });
      await putWhole(old, thread, first);
      await putWhole(old, thread, checkpointOf({ log: ["old", "older"] }, 2), first.id);
      const running = replica(old);
      const head = (await running.getTuple(at(thread))) as NonNullable<Awaited<ReturnType<TestedSaver["getTuple"]>>>;
      const [id, parent] = [head.checkpoint.id, head.parentConfig ?? {}];
      await replica(old).deleteThread(thread);
      const put = (config: object, checkpoint = checkpointOf({ log: ["late"] }, 3), parents = {}): Promise<unknown> =>
        running.put(config, checkpoint, { source: "loop", step: 1, parents }, checkpoint.channel_versions);
      const late = {
        "the run's next put": () => put(head.config),
        "its put again": () => put(parent, { ...checkpointOf({ log: ["late"] }, 3), id }),
        "the writes of a task": () => running.putWrites(head.config, [["log", ["late"]]], "task"),
        "a subgraph's first put": () => put({ configurable: { thread_id: thread, checkpoint_ns: "sub" } }, undefined, { "": id }),
      };
      expect(await failureOf(late[how])).toMatchObject({ code: "HOLDFAST_THREAD_DELETED" });
      expect(await exists(thread)).toBe(false);
      await putWhole(running, thread, checkpointOf({ log: ["anew"] }));
      expect(await listedIds(plain, thread)).toHaveLength(1);
    });
  }

  it.each([1, 6, 8, 10])("C-114 a thread is deleted before checkpoint %i of its migration: it is gone", async (nth) => {
    const id = `deleted before ${nth}`;
    const old = new MemorySaver();
    await runOrders(old, id, ["first"]);
    const [reached, release] = [gate(), gate()];
    let reads = 0;
    const slow = watched(old, async (method, [config]) => {
      if (method !== "getTuple" || (config as ReturnType<typeof at>).configurable?.checkpoint_id === undefined) return;
      reads += 1;
      if (reads !== nth) return;
      reached.open();
      await release.opened;
    });
    const copying = replica(slow).copyThread(id, `copy of ${id}`);
    await reached.opened;
    const deleter = replica(old);
    const deleting = deleter.deleteThread(id);
    const asked = target.roundTrips(deleter);
    await eventually("it waits for the lease", () => target.roundTrips(deleter) > asked + 2);
    release.open();
    // A copy that finds nothing to copy any more fails.
    await Promise.all([copying.catch(() => {}), deleting]);
    expect(await wholeThread(replica(old), id)).toEqual({});
    expect(await wholeThread(old, id)).toEqual({});
    expect(await exists(id)).toBe(false);
  });

  it("C-114 what is left of a migration whose thread was deleted there is not read, and cleared away", async () => {
    const old = new MemorySaver();
    await runOrders(old, "half", ["first"]);
    let reads = 0;
    const broken = watched(old, (method) => {
      reads += method === "getTuple" ? 1 : 0;
      if (reads === 8) throw new Error("The old store is down.");
    });
    const head = (await old.getTuple(at("half")))?.config ?? {};
    await expect(replica(broken).putWrites(head, [["log", []]], "task")).rejects.toThrow("The old store is down.");
    await expect(plain.copyThread("half", "part")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    await old.deleteThread("half");
    const saver = replica(old);
    expect(await saver.getTuple(at("half"))).toBeUndefined();
    expect(await wholeThread(saver, "half")).toEqual({});
    await putWhole(saver, "half", checkpointOf({ log: ["anew"] }));
    expect(await listedIds(plain, "half")).toHaveLength(1);
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
      const values = (await plain.getTuple(at(id)))?.checkpoint.channel_values;
      expect(values?.order).toBe(n < 3 ? "first" : "second");
    }
    // Nothing is there any more that the old saver would be needed for.
    await importThreads(fallback, saver, { threads });
    await old.close();
  });
}

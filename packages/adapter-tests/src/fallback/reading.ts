import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allOf } from "../migration/all-of.js";
import { deltaGraph } from "../migration/delta-graph.js";
import { type OldStore, oldStores } from "../migration/old-savers.js";
import { oldThreads } from "../migration/old-threads.js";
import { watched } from "../migration/watched-saver.js";
import { wholeThread } from "../migration/whole-thread.js";
import { at, checkpointOf, listedIds, putWhole } from "../plain-checkpoints.js";
import { runOrders } from "../thread-history.js";
import type { FallbackStage } from "./stage.js";

/** Registers the tests of reading threads that are not here yet. */
export function readingThroughTests(stage: FallbackStage): void {
  const { exists, replica, target } = stage;

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
          const after = await wholeThread(stage.plain, id);
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
}

import { eventually, gate } from "@holdfast/test-servers";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { failureOf } from "../failure.js";
import { watched } from "../migration/watched-saver.js";
import { wholeThread } from "../migration/whole-thread.js";
import { at, checkpointOf, listedIds, putWhole } from "../plain-checkpoints.js";
import type { TestedSaver } from "../target.js";
import { runOrders, threadHistory } from "../thread-history.js";
import type { FallbackStage } from "./stage.js";

/** Registers the tests of deleting threads that the old store may still have. */
export function deletingWithFallbackTests(stage: FallbackStage): void {
  const { exists, replica, target } = stage;

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
      expect(JSON.stringify(await threadHistory(stage.plain, id))).not.toContain("first");
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
      expect(await listedIds(stage.plain, thread)).toHaveLength(1);
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
    await expect(stage.plain.copyThread("half", "part")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    await old.deleteThread("half");
    const saver = replica(old);
    expect(await saver.getTuple(at("half"))).toBeUndefined();
    expect(await wholeThread(saver, "half")).toEqual({});
    await putWhole(saver, "half", checkpointOf({ log: ["anew"] }));
    expect(await listedIds(stage.plain, "half")).toHaveLength(1);
  });
}

import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver, Checkpoint } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { at, checkpointOf, listedIds, putWhole } from "../plain-checkpoints.js";
import type { RetentionStore } from "./retention-store.js";
import { GONE, type KeepingSaver } from "./target.js";

const DELETED = { code: "HOLDFAST_THREAD_DELETED" };
const METADATA = { source: "loop", step: 0, parents: {} } as const;

const log = Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] });
const State = Annotation.Root({ log });

type When = "before the subgraph" | "in the subgraph" | "after the subgraph";

/** A graph with a subgraph, which does something in the middle of a run. */
function nestedGraph(checkpointer: BaseCheckpointSaver, remembers: boolean, asks: boolean, on: (when: When) => Promise<void>) {
  const inner = new StateGraph(State)
    .addNode("inner1", async () => {
      await on("in the subgraph");
      return { log: ["inner 1"] };
    })
    .addNode("inner2", () => ({ log: [asks ? `inner 2 was told ${interrupt("what?")}` : "inner 2"] }))
    .addEdge(START, "inner1")
    .addEdge("inner1", "inner2")
    .addEdge("inner2", END)
    .compile(remembers ? { checkpointer: true } : {});
  return new StateGraph(State)
    .addNode("first", async () => {
      await on("before the subgraph");
      return { log: ["first"] };
    })
    .addNode("inner", inner)
    .addNode("last", async () => {
      await on("after the subgraph");
      return { log: ["last"] };
    })
    .addEdge(START, "first")
    .addEdge("first", "inner")
    .addEdge("inner", "last")
    .addEdge("last", END)
    .compile({ checkpointer });
}

/** Registers the tests of what comes after its thread was deleted. Another saver deletes it, as another process would. */
export function lateWriteTests(store: RetentionStore): void {
  for (const durability of ["sync", "async", "exit"] as const) {
    for (const remembers of [false, true]) {
      for (const when of ["before the subgraph", "in the subgraph", "after the subgraph"] as const) {
        for (const asks of [false, true]) {
          const name = `durability "${durability}", ${remembers ? "a subgraph that remembers" : "a subgraph"}${asks ? " that asks" : ""}`;
          if (asks && when === "after the subgraph") continue;
          it(`C-51 a thread that is deleted ${when} stays deleted: ${name}`, async () => {
            const [saver, other] = [store.open(), store.open()];
            const config = { ...at("deleted"), durability };
            await nestedGraph(saver, remembers, false, async () => {}).invoke({ log: ["turn 1"] }, config);
            let deletions = 0;
            const graph = nestedGraph(saver, remembers, asks, async (reached) => {
              if (reached !== when) return;
              deletions += 1;
              await other.deleteThread("deleted");
            });
            await expect(graph.invoke({ log: ["turn 2"] }, config)).rejects.toMatchObject(DELETED);
            expect(deletions).toBe(1);
            expect(await listedIds(other, "deleted")).toEqual([]);
            const threads: string[] = [];
            for await (const { threadId } of other.listThreads()) threads.push(threadId);
            expect(threads).toEqual([]);
            expect(await store.inspect("deleted")).toEqual(GONE);
          });
        }
      }
    }
  }

  it("C-51 a new run on the id of a deleted thread begins a new one, with a subgraph and every durability", async () => {
    const [saver, other] = [store.open(), store.open()];
    for (const durability of ["sync", "async", "exit"] as const) {
      const config = { ...at(`anew, ${durability}`), durability };
      const graph = nestedGraph(saver, true, true, async () => {});
      await graph.invoke({ log: ["old"] }, config);
      await other.deleteThread(`anew, ${durability}`);
      await graph.invoke({ log: ["new"] }, config);
      expect((await graph.getState(config)).next).toEqual(["inner"]);
      expect((await graph.getState(config)).values).toMatchObject({ log: ["new", "first"] });
    }
  });

  /** A thread that another saver has deleted, and a checkpoint that goes on from it. */
  async function deletedThread(): Promise<{ saver: KeepingSaver; parent: string; late: Checkpoint; thread: string }> {
    const [saver, other] = [store.open(), store.open()];
    const [parent, late] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2 }, 2)];
    await putWhole(saver, "deleted", parent);
    await other.deleteThread("deleted");
    return { saver, parent: parent.id, late, thread: "deleted" };
  }

  it("C-51 writes to a checkpoint whose put was refused are refused", async () => {
    const { saver, parent, late, thread } = await deletedThread();
    await expect(putWhole(saver, thread, late, parent)).rejects.toMatchObject(DELETED);
    await expect(saver.putWrites(at(thread, late.id), [["n", 3]], "task")).rejects.toMatchObject(DELETED);
    expect(await store.inspect(thread)).toEqual(GONE);
  });

  it("C-51 writes that come before their checkpoint's put is refused go with it", async () => {
    const { saver, parent, late, thread } = await deletedThread();
    await saver.putWrites(at(thread, late.id), [["n", 3]], "task").catch(() => undefined);
    await expect(putWhole(saver, thread, late, parent)).rejects.toMatchObject(DELETED);
    expect(await store.inspect(thread)).toEqual(GONE);
  });

  it("C-51 C-91 a lease does not let a write to a deleted parent through", async () => {
    const { saver, parent, late, thread } = await deletedThread();
    const lease = await saver.acquireThread(thread);
    const config = { configurable: { ...lease.config.configurable, checkpoint_ns: "", checkpoint_id: parent } };
    await expect(saver.put(config, late, METADATA, late.channel_versions)).rejects.toMatchObject(DELETED);
    await expect(saver.putWrites(config, [["n", 3]], "task")).rejects.toMatchObject(DELETED);
    await lease.release();
    expect(await store.inspect(thread)).toEqual(GONE);
  });

  it("C-51 a subgraph's first checkpoint belongs to the thread of the checkpoint that it ran on", async () => {
    const { saver, parent, late, thread } = await deletedThread();
    const config = { configurable: { thread_id: thread, checkpoint_ns: "sub:1" } };
    const metadata = { ...METADATA, parents: { "": parent } };
    await expect(saver.put(config, late, metadata, late.channel_versions)).rejects.toMatchObject(DELETED);
    expect(await store.inspect(thread)).toEqual(GONE);
  });

  it("C-51 a subgraph's first checkpoint that names none around it belongs to the thread that its run has read", async () => {
    const { saver, late, thread } = await deletedThread();
    // As with durability "exit": the subgraph's comes first, and says nothing of the graph around it.
    const config = { configurable: { thread_id: thread, checkpoint_ns: "remembers" } };
    await expect(saver.put(config, late, METADATA, late.channel_versions)).rejects.toMatchObject(DELETED);
    expect(await store.inspect(thread)).toEqual(GONE);
    expect(await saver.getTuple(at(thread))).toBeUndefined();
    await saver.put(config, late, METADATA, late.channel_versions);
    expect((await store.inspect(thread)).checkpoints).toBe(1);
  });

  for (const first of ["its writes", "the checkpoint"] as const) {
    it(`C-51 a checkpoint and writes to it that come at once after their thread was deleted leave nothing behind: ${first} first`, async () => {
      const [saver, other] = [store.open(), store.open()];
      const [one, two] = [checkpointOf({ log: ["one"] }), checkpointOf({ log: ["two"] }, 2)];
      await putWhole(saver, "at once", one);
      // A deletion that is refused tells the saver nothing of the thread.
      const lease = await other.acquireThread("at once");
      await expect(saver.deleteThread("at once")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
      await lease.release();
      await other.deleteThread("at once");
      const write = (): Promise<unknown> => saver.putWrites(at("at once", two.id), [["log", ["late"]]], "task");
      const put = (): Promise<unknown> => putWhole(saver, "at once", two, one.id);
      const [sooner, later] = first === "its writes" ? [write, put] : [put, write];
      const outcomes = await Promise.allSettled([sooner(), later()]);
      expect(outcomes).toMatchObject([{ reason: DELETED }, { reason: DELETED }]);
      expect(await store.inspect("at once")).toEqual(GONE);
    });
  }
}

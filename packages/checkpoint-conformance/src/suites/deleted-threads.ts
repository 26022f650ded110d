import assert from "node:assert/strict";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import { defineSuite } from "../case.js";
import { address, idOf, listIds, put, putChain, readValues } from "../checkpoints.js";
import { assertFails } from "../failures.js";
import { Gate } from "../gate.js";
import { assertSame } from "../same-value.js";

const needs = { requires: ["tombstones"], hooks: ["errors"] } as const;
const text = (name: string): string => `${name} `.repeat(300);

export const deletedThreads = defineSuite("writes that come after their thread was deleted", (it) => {
  it("C-51 a put of a run that began before the delete is refused, by whichever saver it comes", needs, async (context) => {
    const { saver, target } = context;
    const thread = context.thread();
    const [cold, deleter] = [await context.open(), await context.open()];
    const ids = await putChain(saver, thread, 4, (step) => ({
      values: { text: text(`step ${step}`) },
      versions: { text: step + 1 },
    }));
    await deleter.deleteThread(thread);
    for (const [name, by] of Object.entries({
      "the one that wrote": saver,
      "one that knows nothing": cold,
      "the deleter": deleter,
    })) {
      for (const parent of [ids[3], ids[1]]) {
        const late = { thread, parent, values: { text: text("late") }, versions: { text: 9 } };
        await assertFails(target, "threadDeleted", () => put(by, late), `a late put by ${name}`);
      }
    }
    assert.equal(await deleter.getTuple(address(thread)), undefined);
    const left = Object.entries((await target.inspect?.(thread)) ?? {}).filter(([, count]) => count !== 0);
    assert.deepEqual(left, [], "left in the store");
  });

  it(
    "C-51 of a run that began before the delete, the first checkpoint of a subgraph is refused, though its saver knows the next thread",
    needs,
    async ({ saver, target, thread: newThread }) => {
      const thread = newThread();
      const inSubgraph = new Gate();
      const State = Annotation.Root({ input: Annotation<string> });
      const remembering = new StateGraph(State)
        .addNode("remember", async () => {
          await inSubgraph.pass();
          return {};
        })
        .addEdge(START, "remember")
        .compile({ checkpointer: true });
      const graph = new StateGraph(State)
        .addNode("begin", () => ({}))
        .addNode("remembering", remembering)
        .addConditionalEdges(START, ({ input }) => (input === "remember" ? "remembering" : "begin"))
        .compile({ checkpointer: saver });
      // Nothing of the run is stored before its subgraph's.
      const run = { ...address(thread), durability: "exit" as const };
      await graph.invoke({ input: "begin" }, run);
      const late = graph.invoke({ input: "remember" }, run);
      await inSubgraph.arrived;
      await saver.deleteThread(thread);
      await graph.invoke({ input: "begin" }, run);
      const next = await listIds(saver, address(thread));
      inSubgraph.open();
      await assertFails(target, "threadDeleted", () => late, "the run whose thread was deleted");
      assert.deepEqual(await listIds(saver, address(thread)), next);
    },
  );

  for (const options of [{}, { filter: { source: "loop" } }]) {
    const which = "filter" in options ? " with a filter" : "";
    it(
      `C-21 a list${which} that goes on after its thread was deleted shows nothing of the next thread of that id`,
      needs,
      async (context) => {
        const { saver } = context;
        const thread = context.thread();
        const deleter = await context.open();
        const old = await putChain(saver, thread, 20, (step) => ({ values: { step } }));
        const seen: unknown[] = [];
        for await (const tuple of saver.list(address(thread), options)) {
          seen.push(idOf(tuple));
          if (seen.length > 1) continue;
          await deleter.deleteThread(thread);
          await putChain(deleter, thread, 3, (step) => ({ values: { step } }));
        }
        assert.deepEqual(seen, old.toReversed().slice(0, seen.length));
      },
    );
  }

  it("C-51 late writes of tasks are refused", needs, async (context) => {
    const { saver, target } = context;
    const thread = context.thread();
    const [cold, deleter] = [await context.open(), await context.open()];
    const id = await put(saver, { thread, values: { text: text("one") } });
    await deleter.deleteThread(thread);
    for (const by of [saver, cold]) {
      const write = (): Promise<void> => by.putWrites(address(thread, { ns: "", id }), [["text", text("late")]], "task");
      await assertFails(target, "threadDeleted", write, "late writes");
    }
    const left = Object.entries((await target.inspect?.(thread)) ?? {}).filter(([, count]) => count !== 0);
    assert.deepEqual(left, [], "left in the store");
  });

  it("C-51 writes that come before the late put of their checkpoint leave nothing behind", needs, async (context) => {
    const { saver, target } = context;
    const thread = context.thread();
    const cold = await context.open();
    const parent = await put(saver, { thread, values: { text: text("one") } });
    await cold.deleteThread(thread);
    // The task runs on a checkpoint whose put is still on its way.
    const late = { thread, parent, id: "late", values: { text: text("late") }, versions: { text: 2 } };
    await cold.putWrites(address(thread, { ns: "", id: "late" }), [["text", text("late")]], "task");
    await assertFails(target, "threadDeleted", () => put(cold, late), "the late put");
    const left = Object.entries((await target.inspect?.(thread)) ?? {}).filter(([, count]) => count !== 0);
    assert.deepEqual(left, [], "left in the store");
    await assertFails(
      target,
      "threadDeleted",
      () => cold.putWrites(address(thread, { ns: "", id: "late" }), [["text", 1]], "other"),
      "writes after it",
    );
    await assertFails(target, "threadDeleted", () => put(cold, { ...late, parent: "late", id: "later" }), "the put after it");
  });

  it("C-51 a new run on the same id works, beside late writes of the old one", needs, async (context) => {
    const { saver, target } = context;
    const thread = context.thread();
    const other = await context.open();
    const old = await put(saver, { thread, values: { text: text("old") } });
    await other.deleteThread(thread);
    const first = await put(other, { thread, values: { text: text("new") } });
    await assertFails(
      target,
      "threadDeleted",
      () => put(saver, { thread, parent: old, values: { text: text("late") }, versions: { text: 2 } }),
      "a late put on the thread that has begun anew",
    );
    const second = await put(other, { thread, parent: first, values: { text: text("newer") }, versions: { text: 2 } });
    assert.deepEqual(await listIds(saver, address(thread)), [second, first]);
    assertSame(await readValues(saver, thread), { text: text("newer") }, "the new thread");
  });

  it("C-51 checkpoints that are put again, ids and all, are no late writes", needs, async (context) => {
    const { saver } = context;
    const thread = context.thread();
    const entry = (step: number) => ({ id: `${step}`, values: { text: text(`${step}`) }, versions: { text: step + 1 } });
    const ids = await putChain(saver, thread, 3, entry);
    await saver.deleteThread(thread);
    // As one restores a backup: from the first on.
    const other = await context.open();
    await putChain(other, thread, 3, entry);
    assert.deepEqual(await listIds(other, address(thread)), [...ids].reverse());
  });
});

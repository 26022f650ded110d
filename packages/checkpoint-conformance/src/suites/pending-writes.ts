// One file for one suite, as for every suite: its name is what the report and `--only` show.
import assert from "node:assert/strict";
import type { BaseCheckpointSaver, CheckpointPendingWrite, PendingWrite } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import { hasTaskPaths, type PutWritesWithPath } from "../checkpoint-line.js";
import { address, collect, put, read } from "../checkpoints.js";
import { assertSame } from "../same-value.js";

const writesOf = async (saver: BaseCheckpointSaver, thread: string, id: string, ns = ""): Promise<CheckpointPendingWrite[]> =>
  (await read(saver, thread, id, ns)).pendingWrites ?? [];

/** As `getTuple` and as `list` have them. */
const bothOf = async (saver: BaseCheckpointSaver, thread: string, id: string): Promise<CheckpointPendingWrite[][]> => {
  const listed = await collect(saver.list(address(thread, { id })));
  return [await writesOf(saver, thread, id), listed[0]?.pendingWrites ?? []];
};

/**
 * Tasks that write without a path, in the order in which they do. Checkpoint 1.1 has no rule for their order, and its savers keep that one; checkpoint 1.2 has
 * them ordered by task id. In the order of their ids, both come to the same.
 */
const withoutPath = (...tasks: string[]): string[] => (hasTaskPaths ? tasks.sort() : tasks);

const sorted = (writes: readonly CheckpointPendingWrite[]): string[] => writes.map((write) => JSON.stringify(write)).sort();

export const pendingWrites = defineSuite("pending writes", (it) => {
  it("C-40 writes that arrive before their checkpoint show once it is there", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const at = address(thread, { ns: "", id: "1" });
    await saver.putWrites(
      at,
      [
        ["a", 1],
        ["b", { deep: [1] }],
      ],
      "task",
    );
    assert.equal(await saver.getTuple(at), undefined);
    assert.equal(await saver.getTuple(address(thread)), undefined);
    await put(saver, { thread, id: "1", values: { a: 0 } });
    assertSame(
      await writesOf(saver, thread, "1"),
      [
        ["task", "a", 1],
        ["task", "b", { deep: [1] }],
      ],
      "pending writes",
    );
  });

  it("C-40 writes stay with their checkpoint, namespace and thread", async ({ saver, thread: newThread }) => {
    const [thread, other] = [newThread(), newThread("other")];
    const places = [thread, other].flatMap((where) => ["", "sub:1"].flatMap((ns) => ["1", "2"].map((id) => ({ where, ns, id }))));
    for (const { where, ns, id } of places) {
      await put(saver, { thread: where, ns, id });
      await saver.putWrites(address(where, { ns, id }), [["at", `${where}/${ns}/${id}`]], "task");
    }
    for (const { where, ns, id } of places) {
      assertSame(await writesOf(saver, where, id, ns), [["task", "at", `${where}/${ns}/${id}`]], `${ns}/${id}`);
    }
  });

  it("C-40 a checkpoint without writes has none, also after its child was put", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const first = await put(saver, { thread });
    await saver.putWrites(address(thread, { ns: "", id: first }), [["a", 1]], "task");
    const second = await put(saver, { thread, parent: first });
    assertSame(await writesOf(saver, thread, second), [], "the child's pending writes");
    assertSame(await writesOf(saver, thread, first), [["task", "a", 1]], "the parent's pending writes");
  });

  it("C-40 a reader sees all writes of a batch or none, while they are put", async ({ saver, open, thread: newThread }) => {
    const reader = await open();
    for (let round = 0; round < 10; round += 1) {
      const thread = newThread();
      const id = await put(saver, { thread });
      const batch: PendingWrite[] = Array.from({ length: 20 }, (_, n) => [`c${n}`, "x".repeat(500)]);
      const writing = saver.putWrites(address(thread, { ns: "", id }), batch, "task").then(() => true);
      for (let isDone = false; !isDone; ) {
        isDone = await Promise.race([writing, new Promise<false>((resolve) => void setImmediate(resolve, false))]);
        const { length } = await writesOf(reader, thread, id);
        assert(
          length === 20 || (length === 0 && !isDone),
          `${length} of 20 writes are there, ${isDone ? "after" : "during"} putWrites`,
        );
      }
    }
  });

  it("C-41 a second ordinary write of a task at a position is ignored", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const at = address(thread, { ns: "", id });
    await saver.putWrites(
      at,
      [
        ["a", "first"],
        ["a", "second of the batch"],
      ],
      "t1",
    );
    await saver.putWrites(
      at,
      [
        ["a", "again"],
        ["b", "again"],
        ["c", "a new position"],
      ],
      "t1",
    );
    await saver.putWrites(at, [["a", "of another task"]], "t2");
    assertSame(
      await writesOf(saver, thread, id),
      [
        ["t1", "a", "first"],
        ["t1", "a", "second of the batch"],
        ["t1", "c", "a new position"],
        ["t2", "a", "of another task"],
      ],
      "pending writes",
    );
  });

  it("C-41 a second special write of a task replaces the first", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const at = address(thread, { ns: "", id });
    const special = ["__error__", "__scheduled__", "__interrupt__", "__resume__"];
    for (const channel of special) await saver.putWrites(at, [[channel, "first"]], "t1");
    await saver.putWrites(at, [["__resume__", "other task"]], "t2");
    for (const channel of special) await saver.putWrites(at, [[channel, "second"]], "t1");
    const expected = [
      ...special.map((channel) => ["t1", channel, "second"] as const),
      ["t2", "__resume__", "other task"] as const,
    ];
    assert.deepEqual(sorted(await writesOf(saver, thread, id)), expected.map((write) => JSON.stringify(write)).sort());
  });

  it("C-41 in a mixed batch, special writes replace and ordinary ones are kept", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const at = address(thread, { ns: "", id });
    await saver.putWrites(
      at,
      [
        ["__interrupt__", "i1"],
        ["a", "a1"],
      ],
      "t",
    );
    await saver.putWrites(
      at,
      [
        ["__interrupt__", "i2"],
        ["a", "a2"],
        ["__resume__", "r2"],
        ["b", "b2"],
      ],
      "t",
    );
    await saver.putWrites(
      at,
      [
        ["b", "position 0"],
        ["__interrupt__", "i3"],
      ],
      "t",
    );
    const expected = [
      ["t", "__interrupt__", "i3"],
      ["t", "a", "a1"],
      ["t", "__resume__", "r2"],
      ["t", "b", "b2"],
      ["t", "b", "position 0"],
    ];
    assert.deepEqual(sorted(await writesOf(saver, thread, id)), expected.map((write) => JSON.stringify(write)).sort());
  });

  it("C-41 the same batch many times at once is stored once", async ({ saver, open, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const savers = [saver, await open(), await open()];
    const batch: PendingWrite[] = [
      ["a", 1],
      ["b", 2],
      ["__interrupt__", ["i"]],
    ];
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        (savers[n % 3] as typeof saver).putWrites(address(thread, { ns: "", id }), batch, "t"),
      ),
    );
    const expected = batch.map(([channel, value]) => JSON.stringify(["t", channel, value]));
    assert.deepEqual(sorted(await writesOf(saver, thread, id)), expected.sort());
  });

  it("C-42 writes without a task path come back in the order of the calls", { requires: ["arrivalOrder"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const expected: CheckpointPendingWrite[] = [];
    for (const task of withoutPath("zz", "a", "00000000-0000-0000-0000-000000000000", "M", "é")) {
      const batch = Array.from({ length: 12 }, (_, n): PendingWrite => [`c${11 - n}`, n]);
      await saver.putWrites(address(thread, { ns: "", id }), batch, task);
      expected.push(...batch.map(([channel, value]): CheckpointPendingWrite => [task, channel, value]));
    }
    for (const writes of await bothOf(saver, thread, id)) assertSame(writes, expected, "pending writes");
  });

  it("C-42 parallel tasks' writes come back in the order of the calls", { requires: ["arrivalOrder"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const tasks = withoutPath(...Array.from({ length: 12 }, (_, n) => `task ${String((n * 7) % 12).padStart(2, "0")}`));
    // The first ones are the largest: they would arrive last.
    const expected = tasks.map((task, n): CheckpointPendingWrite => [task, "__interrupt__", "x".repeat(10_000 * (12 - n))]);
    await Promise.all(
      expected.map(([task, channel, value]) => saver.putWrites(address(thread, { ns: "", id }), [[channel, value]], task)),
    );
    for (const writes of await bothOf(saver, thread, id)) assertSame(writes, expected, "pending writes");
  });

  it("C-42 writes with a task path come last, by path, task and position", { requires: ["taskPath"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const at = address(thread, { ns: "", id });
    const putWrites: PutWritesWithPath = saver.putWrites.bind(saver);
    const batch: PendingWrite[] = Array.from({ length: 12 }, (_, n) => ["c", n]);
    await putWrites(at, [["c", "😀"]], "p1", "~😀");
    await putWrites(at, [["c", "ﬀ"]], "p2", "~\ufb00");
    await putWrites(at, batch, "t2", "~__pregel_pull, b");
    await putWrites(at, batch, "t1", "~__pregel_pull, b");
    await putWrites(at, [["c", "B"]], "9", "~__pregel_pull, B");
    await putWrites(at, [["c", "empty path 2"]], "f", "");
    await putWrites(at, [["c", "empty path 1"]], "e", "");
    await saver.putWrites(at, [["c", "no path 1"]], "a");
    await saver.putWrites(at, [["c", "no path 2"]], "b");
    const expected = [
      ["a", "c", "no path 1"],
      ["b", "c", "no path 2"],
      ["e", "c", "empty path 1"],
      ["f", "c", "empty path 2"],
      ["9", "c", "B"],
      ...batch.map(([channel, value]) => ["t1", channel, value]),
      ...batch.map(([channel, value]) => ["t2", channel, value]),
      ["p2", "c", "ﬀ"],
      ["p1", "c", "😀"],
    ];
    for (const writes of await bothOf(saver, thread, id)) assertSame(writes, expected, "pending writes");
  });

  it("C-42 special writes of a task with a path come before its others, the highest number last", {
    requires: ["taskPath"],
  }, async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const at = address(thread, { ns: "", id });
    const putWrites: PutWritesWithPath = saver.putWrites.bind(saver);
    await putWrites(at, [["c", 1]], "t", "~a");
    for (const channel of ["__error__", "__interrupt__", "__resume__"]) await putWrites(at, [[channel, 2]], "t", "~a");
    const expected = [
      ["t", "__resume__", 2],
      ["t", "__interrupt__", 2],
      ["t", "__error__", 2],
      ["t", "c", 1],
    ];
    for (const writes of await bothOf(saver, thread, id)) assertSame(writes, expected, "pending writes");
  });

  it("C-42 a task path may be long: one task calls another, and its path holds the other's", { requires: ["taskPath"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const putWrites: PutWritesWithPath = saver.putWrites.bind(saver);
    const path = (last: number): string => `~${"~__pregel_push, ".repeat(500)}${last}`;
    for (const n of [2, 1]) await putWrites(address(thread, { ns: "", id }), [["c", n]], `t${3 - n}`, path(n));
    assertSame(
      (await writesOf(saver, thread, id)).map(([, , value]) => value),
      [1, 2],
      "values",
    );
  });

  it("C-43 an empty list of writes does nothing", async ({ saver, target, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const before = target.roundTrips?.(saver);
    await saver.putWrites(address(thread, { ns: "", id }), [], "task");
    assert.equal(target.roundTrips?.(saver), before, "no round trip");
    assertSame(await writesOf(saver, thread, id), [], "pending writes");
    const nowhere = newThread("nowhere");
    await saver.putWrites(address(nowhere, { ns: "", id }), [], "task");
    assert.equal(await saver.getTuple(address(nowhere)), undefined);
  });

  it("C-40 the writes of parallel tasks are all kept", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const tasks = Array.from({ length: 40 }, (_, n) => `task-${n}`);
    await Promise.all(
      tasks.map((task) =>
        saver.putWrites(
          address(thread, { ns: "", id }),
          [
            ["a", task],
            ["b", task],
          ],
          task,
        ),
      ),
    );
    const expected = tasks.flatMap((task) => [JSON.stringify([task, "a", task]), JSON.stringify([task, "b", task])]);
    assert.deepEqual(sorted(await writesOf(saver, thread, id)), expected.sort());
  });
});

import assert from "node:assert/strict";
import { type BaseCheckpointSaver, DeltaSnapshot, isDeltaSnapshot, type PendingWrite } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import type { PutWritesWithPath } from "../checkpoint-line.js";
import { address, put, putChain } from "../checkpoints.js";
import { assertSame } from "../same-value.js";

/** Puts a checkpoint of delta channels: their versions change, their values are not in it unless given. */
interface DeltaStep {
  readonly writes?: Readonly<Record<string, readonly (readonly [channel: string, value: unknown])[]>>;
  readonly values?: Record<string, unknown>;
}

async function putSteps(
  saver: BaseCheckpointSaver,
  thread: string,
  steps: readonly DeltaStep[],
  on?: string,
  ns = "",
): Promise<string[]> {
  const ids: string[] = [];
  for (const [n, { writes = {}, values = {} }] of steps.entries()) {
    const versions = { d: n + 1, e: n + 1, f: n + 1 };
    const id = await put(saver, { thread, ns, parent: ids.at(-1) ?? on, step: n, values, versions });
    for (const [task, batch] of Object.entries(writes)) {
      await saver.putWrites(
        address(thread, { ns, id }),
        batch.map(([channel, value]) => [channel, value]),
        task,
      );
    }
    ids.push(id);
  }
  return ids;
}

const historyOf = (saver: BaseCheckpointSaver, thread: string, id: string | undefined, channels: string[], ns = "") =>
  saver.getDeltaChannelHistory({ config: address(thread, { ns, id }), channels });

const one = (value: unknown): DeltaStep => ({ writes: { task: [["d", value]] } });

export const deltaHistory = defineSuite("getDeltaChannelHistory", (it) => {
  it("C-44 the writes of all ancestors come oldest first, without those of the checkpoint itself", async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const ids = await putSteps(saver, thread, [1, 2, 3, 4].map(one));
    const { d } = await historyOf(saver, thread, ids[3], ["d"]);
    assertSame(d, { writes: [1, 2, 3].map((n) => ["task", "d", n]) }, "history");
    assertSame((await historyOf(saver, thread, ids[0], ["d"])).d, { writes: [] }, "history of the first");
  });

  it("C-44 within a checkpoint, writes are ordered by task id and position", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const batch = Array.from({ length: 12 }, (_, n) => [n % 2 === 0 ? "d" : "e", n] as const);
    const ids = await putSteps(saver, thread, [{ writes: { t3: batch, t1: batch, T2: batch } }, {}]);
    const history = await historyOf(saver, thread, ids[1], ["e", "d"]);
    const expected = (channel: string): unknown[] =>
      ["T2", "t1", "t3"].flatMap((task) => batch.filter(([of]) => of === channel).map(([, n]) => [task, channel, n]));
    assertSame(history, { d: { writes: expected("d") }, e: { writes: expected("e") } }, "history");
  });

  it("C-44 within a checkpoint, writes with a task path are ordered by it", { requires: ["taskPath"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const [first, second] = await putSteps(saver, thread, [{}, {}]);
    const putWrites: PutWritesWithPath = saver.putWrites.bind(saver);
    const at = address(thread, { ns: "", id: first });
    const tasks = [
      ["1", "~__pregel_pull, é"],
      ["2", "~__pregel_push, 0000000010, 0000000000"],
      ["3", "~__pregel_push, 0000000009, 0000000000"],
      ["5", "~__pregel_pull, b"],
      ["4", "~__pregel_pull, b"],
      ["6", "~__pregel_pull, B"],
      ["7", ""],
    ] as const;
    for (const [task, path] of tasks) {
      const batch = Array.from({ length: 12 }, (_, n): PendingWrite => [n % 2 === 0 ? "d" : "e", n]);
      await putWrites(at, batch, task, path);
    }
    await saver.putWrites(at, [["d", "no path"]], "0");
    const of = (parity: number): number[] => Array.from({ length: 6 }, (_, n) => 2 * n + parity);
    const expected = (channel: string, parity: number): unknown[] =>
      ["7", "6", "4", "5", "1", "3", "2"].flatMap((task) => of(parity).map((n) => [task, channel, n]));
    assertSame(
      await historyOf(saver, thread, second, ["d", "e"]),
      { d: { writes: [["0", "d", "no path"], ...expected("d", 0)] }, e: { writes: expected("e", 1) } },
      "history",
    );
  });

  it("C-44 the seed is the value at the nearest ancestor that has one, channel by channel", async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const both = (n: number): DeltaStep => ({
      writes: {
        task: [
          ["d", n],
          ["e", -n],
        ],
      },
    });
    const steps: DeltaStep[] = [
      both(1),
      both(2),
      { ...both(3), values: { d: ["seed d"] } },
      both(4),
      { ...both(5), values: { e: ["seed e"] } },
    ];
    const ids = await putSteps(saver, thread, [...steps, {}]);
    assertSame(
      await historyOf(saver, thread, ids[5], ["d", "e", "f"]),
      {
        d: { writes: [3, 4, 5].map((n) => ["task", "d", n]), seed: ["seed d"] },
        e: { writes: [["task", "e", -5]], seed: ["seed e"] },
        f: { writes: [] },
      },
      "history",
    );
  });

  it("C-44 a snapshot is a seed and is read as a snapshot", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const ids = await putSteps(saver, thread, [
      one(1),
      { ...one(2), values: { d: new DeltaSnapshot(["a", { b: 1 }]) } },
      one(3),
      {},
    ]);
    const { d } = await historyOf(saver, thread, ids[3], ["d"]);
    assert(isDeltaSnapshot(d?.seed), "the seed is a DeltaSnapshot");
    assertSame(d.seed.value, ["a", { b: 1 }], "the snapshot's value");
    assertSame(
      d.writes,
      [2, 3].map((n) => ["task", "d", n]),
      "writes",
    );
  });

  it("C-44 falsy values are seeds and writes like any other", async ({ saver, thread: newThread }) => {
    for (const value of [null, 0, "", false]) {
      const thread = newThread();
      const ids = await putSteps(saver, thread, [{ ...one(value), values: { d: value } }, {}]);
      assertSame(
        (await historyOf(saver, thread, ids[1], ["d"])).d,
        { writes: [["task", "d", value]], seed: value },
        String(value),
      );
    }
  });

  it("C-44 only the ancestors of a checkpoint count, not its siblings", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const trunk = await putSteps(saver, thread, [one("root"), one("trunk")]);
    const left = await putSteps(saver, thread, [one("left"), one("left 2"), {}], trunk[1]);
    const right = await putSteps(saver, thread, [one("right"), {}], trunk[0]);
    const values = async (id: string | undefined): Promise<unknown[]> =>
      ((await historyOf(saver, thread, id, ["d"])).d?.writes ?? []).map(([, , value]) => value);
    assert.deepEqual(await values(left[2]), ["root", "trunk", "left", "left 2"]);
    assert.deepEqual(await values(right[1]), ["root", "right"]);
  });

  it("C-44 each namespace and each thread has its own history", async ({ saver, thread: newThread }) => {
    const [thread, other] = [newThread(), newThread("other")];
    const places = [thread, other].flatMap((where) => ["", "sub:1"].map((ns) => ({ where, ns, mark: `${where}/${ns}` })));
    const last: (string | undefined)[] = [];
    for (const { where, ns, mark } of places) last.push((await putSteps(saver, where, [one(mark), {}], undefined, ns)).at(-1));
    for (const [n, { where, ns, mark }] of places.entries()) {
      assertSame((await historyOf(saver, where, last[n], ["d"], ns)).d, { writes: [["task", "d", mark]] }, mark);
    }
  });

  it("C-44 a long history is whole", async ({ saver, target, thread: newThread }) => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 150, (step) => ({ versions: { d: step + 1 }, values: {} }));
    for (const [n, id] of ids.entries()) await saver.putWrites(address(thread, { ns: "", id }), [["d", n]], "task");
    const before = target.roundTrips?.(saver) ?? 0;
    const { d } = await historyOf(saver, thread, ids.at(-1), ["d", "e", "f"]);
    if (target.roundTrips !== undefined) assert.equal(target.roundTrips(saver) - before, 1, "round trips");
    assertSame(d, { writes: ids.slice(0, -1).map((_, n) => ["task", "d", n]) }, "history");
  });

  it("C-44 no channels are no history, and neither is a checkpoint that is not there", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const ids = await putSteps(saver, thread, [one(1), one(2)]);
    assert.deepEqual(await historyOf(saver, thread, ids[1], []), {});
    assertSame(await historyOf(saver, thread, "nowhere", ["d"]), { d: { writes: [] } }, "a checkpoint that is not there");
    assertSame(await historyOf(saver, newThread("never"), ids[1], ["d"]), { d: { writes: [] } }, "a thread that is not there");
    const orphan = await put(saver, { thread, parent: "nowhere", values: {} });
    assertSame(await historyOf(saver, thread, orphan, ["d"]), { d: { writes: [] } }, "a parent that is not there");
  });
});

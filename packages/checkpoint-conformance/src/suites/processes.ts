import assert from "node:assert/strict";
import { type BaseCheckpointSaver, uuid6 } from "@langchain/langgraph-checkpoint";
import { type CaseContext, defineSuite } from "../case.js";
import { address, idOf, listIds, put, read, readValues, withClock } from "../checkpoints.js";
import { ObservedSaver } from "../observed-saver.js";
import { assertSame } from "../same-value.js";
import { questionGraph } from "../scenarios/question-graph.js";
import { assertWhole } from "../whole-checkpoints.js";

const text = (seed: string, lines = 200): string => Array.from({ length: lines }, (_, n) => `${seed} ${n}`).join("\n");

const needs = { requires: ["processes"], hooks: ["spawn"], timeout: 180_000 } as const;

/** A checkpoint and the writes of a task on it, as a run makes them; the next one builds on it. */
interface Step {
  readonly id: string;
  readonly parent: string | undefined;
  readonly values: Readonly<Record<string, unknown>>;
  readonly writes: [channel: string, value: unknown][];
}

function stepsOf(name: string, length: number, base?: string): Step[] {
  const ids = Array.from({ length }, (_, n) => uuid6(n));
  return ids.map((id, n) => {
    const values = { text: text(`${name} ${n}`), many: Object.fromEntries(ids.map((each) => [each, text(each, 20)])), n };
    const writes: Step["writes"] = [
      ["text", text(`write of ${name} ${n}`)],
      ["n", n],
    ];
    return { id, parent: ids[n - 1] ?? base, values, writes };
  });
}

const TASK = "task";

/** The calls that make a step: it is there after the first, its writes after the second. */
function callsOf(thread: string, { id, parent, values, writes }: Step, n: number, version = n + 2) {
  const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, version]));
  return [
    (saver: BaseCheckpointSaver): Promise<unknown> =>
      put(saver, { thread, id, parent, step: n, values: { ...values }, versions }),
    (saver: BaseCheckpointSaver): Promise<unknown> => saver.putWrites(address(thread, { ns: "", id }), writes, TASK),
  ];
}

const asWrites = ({ writes }: Step): unknown[] => writes.map(([channel, value]) => [TASK, channel, value]);

/** Fails unless the thread holds what so many calls have made, and of the call after them all or nothing. */
async function assertMade(by: BaseCheckpointSaver, thread: string, steps: readonly Step[], calls: number): Promise<void> {
  const listed = await listIds(by, address(thread));
  const [sure, possible] = [Math.ceil(calls / 2), Math.ceil((calls + 1) / 2)];
  const expected = steps.map(({ id }) => id).reverse();
  assert(listed.length >= sure && listed.length <= possible, `${listed.length} checkpoints are there, ${sure} were acknowledged`);
  assert.deepEqual(listed, expected.slice(expected.length - listed.length), "the checkpoints that are there");
  for (const [n, step] of steps.slice(0, listed.length).entries()) {
    const tuple = await read(by, thread, step.id);
    assertSame(tuple.checkpoint.channel_values, step.values, `values of checkpoint ${n}`);
    assert.equal(tuple.parentConfig?.configurable?.checkpoint_id, step.parent, `the parent of checkpoint ${n}`);
    const written = tuple.pendingWrites ?? [];
    // The writes of a step are the call after it.
    if (2 * n + 1 < calls || written.length > 0) assertSame(written, asWrites(step), `writes of checkpoint ${n}`);
  }
}

/** Kills a process after each number of calls, in the middle of the next one or before it, and looks at what it has left. */
async function assertSurvivesKills(context: CaseContext, where: "between" | "in the middle"): Promise<void> {
  const STEPS = 3;
  const killAfter = async (calls: number): Promise<void> => {
    const thread = context.thread();
    const steps = stepsOf("killed", STEPS);
    const all = steps.flatMap((step, n) => callsOf(thread, step, n));
    const writer = await context.spawn();
    for (const call of all.slice(0, calls)) await call(writer);
    const next = all[calls];
    let made = calls;
    const reader = await context.open();
    const { id = "" } = steps[Math.floor(calls / 2)] ?? {};
    /** Others see something of the call: where a call is stored in halves, the first of them. */
    const isSeen = async (): Promise<boolean> => {
      const tuple = await reader.getTuple(address(thread, { ns: "", id }));
      return calls % 2 === 0 ? tuple !== undefined : (tuple?.pendingWrites ?? []).length > 0;
    };
    if (where === "between" || next === undefined) await writer.kill();
    // The second step's calls as soon as they are seen, the others at once.
    else if (await writer.killDuring(next, calls === 2 || calls === 3 ? isSeen : undefined)) made += 1;
    await assertMade(reader, thread, steps, made);
    // Another one goes on: it repeats what may be there, and does the rest.
    for (const call of all.slice(made)) await call(reader);
    await assertMade(await context.open(), thread, steps, all.length);
  };
  // Two at a time: a process is slow to start, and there may be few processors.
  for (let calls = 0; calls < 2 * STEPS; calls += 2) await Promise.all([killAfter(calls), killAfter(calls + 1)]);
}

export const processes = defineSuite("processes", (it) => {
  it("C-13 what one process has put is what the others read: values, order, parents and writes", needs, async (context) => {
    const thread = context.thread();
    const savers = [context.saver, ...(await Promise.all([context.spawn(), context.spawn()]))];
    const steps = stepsOf("turn", 6);
    for (const [n, step] of steps.entries()) {
      const writer = savers[n % savers.length];
      assert(writer !== undefined);
      for (const call of callsOf(thread, step, n)) await call(writer);
      for (const reader of savers) {
        const tuple = await read(reader, thread);
        assert.equal(idOf(tuple), step.id, `the latest after turn ${n}`);
        assertSame(tuple.checkpoint.channel_values, step.values, `values of turn ${n}`);
        assert.equal(tuple.parentConfig?.configurable?.checkpoint_id, step.parent, `the parent of turn ${n}`);
        assertSame(tuple.pendingWrites, asWrites(step), `writes of turn ${n}`);
      }
    }
    const newestFirst = steps.map(({ id }) => id).reverse();
    for (const reader of savers) assert.deepEqual(await listIds(reader, address(thread)), newestFirst, "the list");
    await savers[1]?.deleteThread(thread);
    for (const reader of savers) assert.equal(await reader.getTuple(address(thread)), undefined, "after one deleted the thread");
  });

  it("C-30 C-40 a process that is killed between any two calls has lost nothing that it was told is stored", needs, (context) =>
    assertSurvivesKills(context, "between"),
  );

  it("C-30 C-40 of a call in whose middle its process is killed, all is there or nothing", needs, (context) =>
    assertSurvivesKills(context, "in the middle"),
  );

  it("C-13 C-30 processes that write one thread at once lose nothing of each other", needs, async (context) => {
    const thread = context.thread();
    const base = await put(context.saver, { thread, id: uuid6(-1), values: { text: text("base") }, step: -1 });
    const writers = await Promise.all([context.spawn(), context.spawn(), context.spawn()]);
    const branches = writers.map((_, n) => stepsOf(`branch ${n}`, 15, base));
    // Each gives versions of its own: that equal ones are not mixed is another case.
    const write = async (writer: BaseCheckpointSaver, branch: number): Promise<void> => {
      for (const [n, step] of (branches[branch] ?? []).entries()) {
        for (const call of callsOf(thread, step, n, 100 * (branch + 1) + n)) await call(writer);
      }
    };
    await Promise.all(writers.map(write));
    const reader = await context.open();
    const listed = await listIds(reader, address(thread));
    assert.equal(listed.length, 1 + branches.flat().length, "checkpoints that are there");
    for (const steps of branches) {
      const order = steps.map(({ id }) => listed.indexOf(id));
      assert.deepEqual(
        order,
        [...order].sort((a, b) => b - a),
        "each process's checkpoints, in the order in which it put them",
      );
      for (const step of steps) {
        const tuple = await read(reader, thread, step.id);
        assertSame(tuple.checkpoint.channel_values, step.values, `checkpoint ${step.id}`);
        assertSame(tuple.pendingWrites, asWrites(step), `writes of checkpoint ${step.id}`);
      }
    }
    assertSame(await readValues(reader, thread, base), { text: text("base") }, "what all of them went on from");
  });

  it("C-35 runs of two processes on one thread at once never mix", needs, async (context) => {
    const pair = await Promise.all([context.spawn(), context.spawn()]);
    for (let round = 0; round < 5; round += 1) {
      const thread = context.thread();
      const observed = pair.map((saver) => new ObservedSaver(saver));
      const results = await Promise.all(
        observed.map((saver, n) =>
          questionGraph(saver).invoke({ question: `question ${n}` }, { ...address(thread), durability: "async" }),
        ),
      );
      for (const [n, { answer }] of results.entries()) assert.equal(answer, `answer to draft of question ${n}`);
      await assertWhole(context, thread, observed, `round ${round}`);
    }
  });

  for (const [how, hours] of [
    ["behind", -1],
    ["ahead", 1],
  ] as const) {
    it(`C-10 C-20 a process whose clock is an hour ${how} takes its turn like any other`, {
      ...needs,
      requires: ["processes", "commitOrder"],
    }, async (context) => {
      const thread = context.thread();
      const clockOffsetMs = hours * 3_600_000;
      const [right, wrong] = await Promise.all([context.spawn(), context.spawn({ clockOffsetMs })]);
      const ids: string[] = [];
      for (let turn = 0; turn < 6; turn += 1) {
        const [writer, offset] = turn % 2 === 0 ? [right, 0] : [wrong, clockOffsetMs];
        // LangGraph makes the id in the process that puts.
        const id = withClock(offset, () => uuid6(turn));
        const turnOf = { thread, id, parent: ids.at(-1), step: turn, values: { turn }, versions: { turn: turn + 1 } };
        ids.push(await put(writer, turnOf));
        for (const reader of [right, wrong, context.saver]) {
          assert.equal(idOf(await read(reader, thread)), id, `the latest after turn ${turn}`);
        }
      }
      for (const reader of [right, wrong, context.saver]) {
        assert.deepEqual(await listIds(reader, address(thread)), [...ids].reverse(), "the order of the turns");
      }
    });
  }

  it("C-80 processes that set up one empty store at once all succeed, and see one store", {
    ...needs,
    hooks: ["spawn", "lifecycle"],
  }, async (context) => {
    const savers = await context.spawnOnEmptyStore(6);
    const outcomes = await Promise.allSettled(savers.map((saver) => saver.setup()));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
    assert.deepEqual(failures, [], `${failures.length} of ${savers.length} processes failed`);
    const thread = context.thread();
    const [first] = savers;
    assert(first !== undefined);
    const id = await put(first, { thread, values: { a: 1 } });
    for (const saver of savers) assert.deepEqual(await readValues(saver, thread, id), { a: 1 });
  });
});

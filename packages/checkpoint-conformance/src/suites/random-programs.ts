import assert from "node:assert/strict";
import { type BaseCheckpointSaver, type PendingWrite, uuid6 } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { type CaseContext, defineSuite } from "../case.js";
import { address, collect, idOf, put, read } from "../checkpoints.js";
import { assertSame } from "../same-value.js";
import { type ModelCheckpoint, ThreadModel } from "../thread-model.js";

/** How a channel changes from the parent to the child; `at` chooses where in a text. */
type Change =
  | { readonly kind: "set"; readonly value: unknown }
  | { readonly kind: "empty" }
  | { readonly kind: "append" | "insert" | "cut"; readonly lines: number; readonly at: number };

/** A step of a program. Numbers choose among what is there, whatever their size. */
type Step =
  | {
      readonly do: "put";
      readonly ns: number;
      readonly parent: number;
      readonly fork: boolean;
      readonly changes: Record<string, Change>;
    }
  | { readonly do: "put again"; readonly ns: number; readonly which: number; readonly value: string }
  | {
      readonly do: "write";
      readonly ns: number;
      readonly which: number;
      readonly task: number;
      readonly channels: readonly string[];
    }
  | { readonly do: "delete" };

const namespaces = ["", "sub:1"] as const;
const channels = ["messages", "state", "note"] as const;
const nat = fc.nat(1_000);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), value: fc.jsonValue({ maxDepth: 2 }) }),
  fc.record({ kind: fc.constant("empty" as const) }),
  fc.record({ kind: fc.constantFrom("append" as const, "insert" as const, "cut" as const), lines: fc.nat(120), at: nat }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      ns: nat,
      parent: nat,
      fork: fc.boolean(),
      changes: fc.dictionary(fc.constantFrom(...channels), change, { minKeys: 1, noNullPrototype: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("put again" as const), ns: nat, which: nat, value: fc.string() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      ns: nat,
      which: nat,
      task: fc.nat(2),
      channels: fc.array(fc.constantFrom("messages", "state", "__interrupt__", "__resume__"), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const) }) },
);

const choose = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(items.length, 1)];

function changed(value: unknown, by: Change, mark: string): unknown {
  if (by.kind === "set") return by.value;
  if (by.kind === "empty") return undefined;
  const lines = typeof value === "string" ? value.split("\n") : [];
  const more = Array.from({ length: by.lines + 1 }, (_, n) => `${mark} line ${n}`);
  const at = by.kind === "append" ? lines.length : by.at % (lines.length + 1);
  return lines.toSpliced(at, by.kind === "cut" ? by.lines : 0, ...(by.kind === "cut" ? [] : more)).join("\n");
}

/** The child of `parent`, as LangGraph would put it: a changed channel is one version newer, the others are given along as they are. */
function childOf(
  parent: ModelCheckpoint | undefined,
  ns: string,
  changes: Record<string, Change>,
  mark: string,
): [ModelCheckpoint, string[]] {
  const values: Record<string, unknown> = { ...parent?.values };
  const versions: Record<string, number> = { ...parent?.versions };
  for (const [channel, by] of Object.entries(changes)) {
    const value = changed(values[channel], by, mark);
    if (value === undefined) delete values[channel];
    else values[channel] = value;
    versions[channel] = (versions[channel] ?? 0) + 1;
  }
  const place = { ns, id: uuid6(0), parent: parent?.id, step: (parent?.step ?? -1) + 1 };
  return [{ ...place, values, versions }, Object.keys(changes)];
}

/** Runs one step on the saver and on the model. */
async function perform(
  saver: BaseCheckpointSaver,
  thread: string,
  model: ThreadModel,
  program: Step,
  mark: string,
): Promise<void> {
  if (program.do === "delete") {
    await saver.deleteThread(thread);
    return model.delete();
  }
  const ns = choose(namespaces, program.ns) ?? "";
  const there = model.in(ns);
  if (program.do === "put") {
    const parent = program.fork ? choose(there, program.parent) : there.at(-1);
    const [child, names] = childOf(parent, ns, program.changes, mark);
    const newVersions = Object.fromEntries(names.map((name) => [name, child.versions[name] ?? 0]));
    await put(saver, { ...child, thread, values: { ...child.values }, versions: { ...child.versions }, newVersions });
    return model.put(child);
  }
  const target = choose(there, program.which);
  if (target === undefined) return undefined;
  if (program.do === "put again") {
    const again = { ...target, values: { ...target.values, note: program.value }, versions: { ...target.versions, note: 99 } };
    await put(saver, { ...again, thread, newVersions: { note: 99 }, metadata: { again: true } });
    await put(saver, { ...again, thread, newVersions: again.versions });
    return model.put(again);
  }
  const writes = program.channels.map((channel, n): PendingWrite => [channel, `${mark}.${n}`]);
  await saver.putWrites(address(thread, { ns, id: target.id }), writes, `task ${program.task}`);
  return model.putWrites(ns, target.id, `task ${program.task}`, writes);
}

const inAnyOrder = (writes: readonly unknown[] | undefined): string[] =>
  (writes ?? []).map((write) => JSON.stringify(write)).sort();

/** Fails unless the saver shows of the thread what the model says. */
async function assertAsModel(saver: BaseCheckpointSaver, thread: string, model: ThreadModel): Promise<void> {
  for (const ns of namespaces) {
    const expected = model.in(ns);
    assert.equal(idOf(await saver.getTuple(address(thread, { ns }))), expected.at(-1)?.id, `the latest in namespace "${ns}"`);
    const listed = await collect(saver.list(address(thread, { ns })));
    assert.deepEqual(listed.map(idOf), expected.map(({ id }) => id).reverse(), `the list of namespace "${ns}"`);
    for (const checkpoint of expected) {
      for (const tuple of [await read(saver, thread, checkpoint.id, ns), listed.find((each) => idOf(each) === checkpoint.id)]) {
        const what = `step ${checkpoint.step} (${checkpoint.id}) of namespace "${ns}"`;
        assertSame(tuple?.checkpoint.channel_values, checkpoint.values, `values of ${what}`);
        assertSame(tuple?.parentConfig?.configurable?.checkpoint_id, checkpoint.parent, `parent of ${what}`);
        assert.deepEqual(inAnyOrder(tuple?.pendingWrites), inAnyOrder(model.writes(ns, checkpoint.id)), `writes of ${what}`);
      }
    }
  }
}

async function runPrograms({ saver, open, thread: newThread }: CaseContext): Promise<void> {
  const savers = [saver, await open()];
  const check = async (program: readonly Step[]): Promise<void> => {
    const [thread, model] = [newThread(), new ThreadModel()];
    for (const [n, each] of program.entries()) {
      await perform(choose(savers, n) ?? saver, thread, model, each, `${n}`);
      if (n % 7 === 6) await assertAsModel(choose(savers, n) ?? saver, thread, model);
    }
    for (const by of savers) await assertAsModel(by, thread, model);
    await saver.deleteThread(thread);
  };
  const programs = fc.array(step, { minLength: 5, maxLength: 25, size: "max" });
  await fc.assert(fc.asyncProperty(programs, check), { seed: 20_261_121, numRuns: 40 });
}

export const randomPrograms = defineSuite("random programs", (it) => {
  it("C-35 C-33 C-31 C-41 forks, edits, repeated puts and deletes read as the contract says", { timeout: 180_000 }, runPrograms);
});

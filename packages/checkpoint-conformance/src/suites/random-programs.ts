import assert from "node:assert/strict";
import { type BaseCheckpointSaver, type CheckpointTuple, type PendingWrite, uuid6 } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { type CaseContext, type ConformanceSuite, defineSuite } from "../case.js";
import { address, collect, idOf, put, read } from "../checkpoints.js";
import { assertSame } from "../same-value.js";
import { type ModelCheckpoint, ThreadModel } from "../thread-model.js";

/** How a channel changes from the parent to the child; `at` chooses where in a text. */
type Change =
  | { readonly kind: "set"; readonly value: unknown }
  | { readonly kind: "empty" }
  | { readonly kind: "append" | "insert" | "cut"; readonly lines: number; readonly at: number };

/** A step of a program. Numbers choose among what is there, whatever their size; `by` chooses the saver. */
type Step = { readonly by: number; readonly ns: number } & (
  | { readonly do: "put"; readonly parent: number; readonly fork: boolean; readonly changes: Record<string, Change> }
  | { readonly do: "put again"; readonly which: number; readonly value: string }
  | { readonly do: "write"; readonly which: number; readonly task: number; readonly channels: readonly string[] }
  | { readonly do: "read"; readonly which: number }
  | { readonly do: "list"; readonly which: number; readonly limit: number | null }
  | { readonly do: "restart" }
  | { readonly do: "compare" }
  | { readonly do: "delete" }
);

const namespaces = ["", "sub:1"] as const;
const channels = ["messages", "state", "note"] as const;
const nat = fc.nat(1_000);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), value: fc.jsonValue({ maxDepth: 2 }) }),
  fc.record({ kind: fc.constant("empty" as const) }),
  fc.record({ kind: fc.constantFrom("append" as const, "insert" as const, "cut" as const), lines: fc.nat(120), at: nat }),
);

const any = { by: nat, ns: nat };
const its = <Name extends Step["do"]>(name: Name) => fc.constant(name);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      ...any,
      do: its("put"),
      parent: nat,
      fork: fc.boolean(),
      changes: fc.dictionary(fc.constantFrom(...channels), change, { minKeys: 1, noNullPrototype: true }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ ...any, do: its("put again"), which: nat, value: fc.string() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      ...any,
      do: its("write"),
      which: nat,
      task: fc.nat(2),
      channels: fc.array(fc.constantFrom("messages", "state", "__interrupt__", "__resume__"), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ ...any, do: its("read"), which: nat }) },
  { weight: 2, arbitrary: fc.record({ ...any, do: its("list"), which: nat, limit: fc.option(fc.nat(6)) }) },
  { weight: 2, arbitrary: fc.record({ ...any, do: its("restart") }) },
  { weight: 1, arbitrary: fc.record({ ...any, do: its("compare") }) },
  { weight: 1, arbitrary: fc.record({ ...any, do: its("delete") }) },
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

/** A thread on the store under test, and the savers that work on it: replicas, each of which may be restarted. */
interface Replicas {
  readonly context: CaseContext;
  readonly thread: string;
  readonly savers: BaseCheckpointSaver[];
  /** Counts the commands that ran. */
  onCommand(): void;
}

/** One step, as fast-check runs, shrinks and prints it. */
class StepCommand implements fc.AsyncCommand<ThreadModel, Replicas> {
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }

  check(model: Readonly<ThreadModel>): boolean {
    const { do: what, ns } = this.#step;
    return !(what === "put again" || what === "write" || what === "read") || model.in(namespaceOf(ns)).length > 0;
  }

  async run(model: ThreadModel, real: Replicas): Promise<void> {
    real.onCommand();
    await perform(this.#step, model, real);
  }

  toString(): string {
    return JSON.stringify(this.#step);
  }
}

const namespaceOf = (n: number): string => choose(namespaces, n) ?? "";

/** Runs one step on a saver and on the model. */
async function perform(program: Step, model: ThreadModel, { context, thread, savers }: Replicas): Promise<void> {
  const slot = program.by % savers.length;
  const saver = savers[slot] ?? context.saver;
  const ns = namespaceOf(program.ns);
  const there = model.in(ns);
  if (program.do === "delete") {
    await saver.deleteThread(thread);
    return model.delete();
  }
  if (program.do === "restart") {
    await context.close(saver);
    savers[slot] = await context.open();
    return undefined;
  }
  if (program.do === "compare") return assertAsModel(saver, thread, model);
  if (program.do === "put") {
    const parent = program.fork ? choose(there, program.parent) : there.at(-1);
    const [child, names] = childOf(parent, ns, program.changes, model.nextMark());
    const newVersions = Object.fromEntries(names.map((name) => [name, child.versions[name] ?? 0]));
    // A run begins with what it reads of its root graph: by that, its subgraphs know whether the thread is still the one.
    if (parent === undefined) await saver.getTuple(address(thread));
    await put(saver, { ...child, thread, values: { ...child.values }, versions: { ...child.versions }, newVersions });
    return model.put(child);
  }
  const target = choose(there, "which" in program ? program.which : 0);
  if (program.do === "list") {
    const expected = (target === undefined ? there : there.slice(0, there.indexOf(target))).map(({ id }) => id).reverse();
    const limit = program.limit === null ? {} : { limit: program.limit };
    const before = target === undefined ? {} : { before: address(thread, { ns, id: target.id }) };
    const listed = (await collect(saver.list(address(thread, { ns }), { ...limit, ...before }))).map(idOf);
    return assert.deepEqual(listed, expected.slice(0, program.limit ?? expected.length), `list before ${target?.id}`);
  }
  if (target === undefined) return undefined;
  if (program.do === "read") return assertAsCheckpoint(await read(saver, thread, target.id, ns), target, model);
  if (program.do === "put again") {
    const again = { ...target, values: { ...target.values, note: program.value }, versions: { ...target.versions, note: 99 } };
    await put(saver, { ...again, thread, newVersions: { note: 99 }, metadata: { again: true } });
    await put(saver, { ...again, thread, newVersions: again.versions });
    return model.put(again);
  }
  const mark = model.nextMark();
  const writes = program.channels.map((channel, n): PendingWrite => [channel, `${mark}.${n}`]);
  await saver.putWrites(address(thread, { ns, id: target.id }), writes, `task ${program.task}`);
  return model.putWrites(ns, target.id, `task ${program.task}`, writes);
}

const inAnyOrder = (writes: readonly unknown[] | undefined): string[] =>
  (writes ?? []).map((write) => JSON.stringify(write)).sort();

/** Fails unless a tuple is what the model says of its checkpoint. */
function assertAsCheckpoint(tuple: CheckpointTuple | undefined, expected: ModelCheckpoint, model: ThreadModel): void {
  const what = `step ${expected.step} (${expected.id}) of namespace "${expected.ns}"`;
  assertSame(tuple?.checkpoint.channel_values, expected.values, `values of ${what}`);
  assertSame(tuple?.parentConfig?.configurable?.checkpoint_id, expected.parent, `parent of ${what}`);
  const writes = model.writes(expected.ns, expected.id);
  assert.deepEqual(inAnyOrder(tuple?.pendingWrites), inAnyOrder(writes), `writes of ${what}`);
}

/** Fails unless the saver shows of the thread what the model says. */
async function assertAsModel(saver: BaseCheckpointSaver, thread: string, model: ThreadModel): Promise<void> {
  for (const ns of namespaces) {
    const expected = model.in(ns);
    assert.equal(idOf(await saver.getTuple(address(thread, { ns }))), expected.at(-1)?.id, `the latest in namespace "${ns}"`);
    const listed = await collect(saver.list(address(thread, { ns })));
    assert.deepEqual(listed.map(idOf), expected.map(({ id }) => id).reverse(), `the list of namespace "${ns}"`);
    for (const checkpoint of expected) {
      assertAsCheckpoint(await read(saver, thread, checkpoint.id, ns), checkpoint, model);
      const found = listed.find((each) => idOf(each) === checkpoint.id);
      assertAsCheckpoint(found, checkpoint, model);
    }
  }
}

interface Programs {
  readonly seed: number;
  readonly programs: number;
  /** The most commands of one program. */
  readonly length: number;
}

/** Runs random programs on several savers of one store, and compares with the model; a failure is shrunk. The commands that ran. */
async function runPrograms(context: CaseContext, { seed, programs, length }: Programs): Promise<number> {
  let commands = 0;
  const onCommand = (): void => {
    commands += 1;
  };
  const program = fc.commands([step.map((each) => new StepCommand(each))], { maxCommands: length, size: "max" });
  const check = async (all: Iterable<fc.AsyncCommand<ThreadModel, Replicas>>): Promise<void> => {
    const model = new ThreadModel();
    const savers = [await context.open(), await context.open(), await context.open()];
    const thread = context.thread();
    await fc.asyncModelRun(() => ({ model, real: { context, thread, savers, onCommand } }), all);
    for (const by of savers) await assertAsModel(by, thread, model);
    await savers[0]?.deleteThread(thread);
    for (const by of savers) await context.close(by);
  };
  await fc.assert(fc.asyncProperty(program, check), { seed, numRuns: programs });
  return commands;
}

/** How many commands, and which. */
export interface RandomCommandsOptions {
  readonly commands: number;
  /** The same seed makes the same commands. */
  readonly seed: number;
}

/** A suite of so many random commands, in programs of up to 100, as a soak test runs them. */
export const randomCommands = ({ commands, seed }: RandomCommandsOptions): ConformanceSuite =>
  defineSuite("random commands", (it) => {
    const patient = { timeout: 60_000 + 500 * commands };
    it(
      `C-35 C-33 C-31 C-41 ${commands} random commands with the seed ${seed} read as the contract says`,
      patient,
      async (context) => {
        let left = commands;
        for (let round = 0; left > 0; round += 1) {
          const programs = Math.max(1, Math.floor(left / 100));
          left -= await runPrograms(context, { seed: (seed + round) % 2 ** 31, programs, length: 100 });
        }
      },
    );
  });

export const randomPrograms = defineSuite("random programs", (it) => {
  it("C-35 C-33 C-31 C-41 forks, edits, repeated puts and deletes read as the contract says", {
    timeout: 180_000,
  }, async (context) => {
    await runPrograms(context, { seed: 20_261_121, programs: 30, length: 40 });
  });
});

// One file: the model of a thread, the random steps on it, and the comparison with a store only make sense together.
import { isDeepStrictEqual } from "node:util";
import { isHoldfastError } from "@holdfast/checkpoint-core";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { expect, it } from "vitest";
import { text } from "./chains.js";
import { type RetentionStore, withRetentionStore } from "./retention-store.js";
import { on, shown } from "./shown.js";
import type { KeepingSaver, RetentionTarget } from "./target.js";

/** A checkpoint that was put, and what was written to it. */
interface Put {
  readonly namespace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly run: string;
  readonly origins: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, number>>;
  readonly writes: readonly Write[];
}

interface Write {
  readonly run: string;
  readonly task: string;
  readonly channel: string;
  readonly value: unknown;
}

/** What became of a checkpoint that is no more: it was taken out of its thread, or gone with it. With a copy onto the id, both may be so. */
type Fate = "pruned" | "deleted";

/** What the contract says of one thread, in the order of commits. */
class ThreadModel {
  checkpoints: readonly Put[] = [];
  readonly fates = new Map<string, Set<Fate>>();

  in(namespace: string): readonly Put[] {
    return this.checkpoints.filter((each) => each.namespace === namespace);
  }

  lose(lost: readonly Put[], fate: Fate): void {
    this.checkpoints = this.checkpoints.filter((each) => !lost.includes(each));
    for (const { id } of lost) this.fates.set(id, new Set(this.fates.get(id)).add(fate));
  }

  delete(): void {
    this.lose(this.checkpoints, "deleted");
    for (const fates of this.fates.values()) fates.add("deleted");
  }

  hasChild({ namespace, id }: Put): boolean {
    return this.checkpoints.some((each) => each.namespace === namespace && each.parent === id);
  }
}

const THREADS = ["a", "b", "c"] as const;
type Model = Record<(typeof THREADS)[number], ThreadModel> & { marks: number };

/** A step of a program. Numbers choose among what is there, whatever their size; `by` chooses the saver. */
type Step = { readonly by: number; readonly thread: (typeof THREADS)[number] } & (
  | { readonly do: "put"; readonly inSubgraph: boolean; readonly parent: number; readonly run: string; readonly grows: boolean }
  | { readonly do: "put on what is gone" | "write to what is gone"; readonly which: number; readonly run: string }
  | { readonly do: "write"; readonly which: number; readonly run: string; readonly asks: boolean }
  | { readonly do: "prune"; readonly keepLast: number }
  | { readonly do: "deleteForRuns"; readonly run: string }
  | { readonly do: "copy"; readonly to: (typeof THREADS)[number] }
  | { readonly do: "delete" | "restart" | "compare" }
);

const nat = fc.nat(1_000);
const any = { by: nat, thread: fc.constantFrom("a", "a", "a", ...THREADS) };
const run = fc.constantFrom("run 1", "run 2", "run 3");
const its = <Name extends Step["do"]>(name: Name) => fc.constant(name);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ ...any, do: its("put"), inSubgraph: fc.boolean(), parent: nat, run, grows: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ ...any, do: its("write"), which: nat, run, asks: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ ...any, do: its("put on what is gone"), which: nat, run }) },
  { weight: 1, arbitrary: fc.record({ ...any, do: its("write to what is gone"), which: nat, run }) },
  { weight: 3, arbitrary: fc.record({ ...any, do: its("prune"), keepLast: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ ...any, do: its("deleteForRuns"), run }) },
  { weight: 2, arbitrary: fc.record({ ...any, do: its("copy"), to: fc.constantFrom(...THREADS) }) },
  { weight: 1, arbitrary: fc.record({ ...any, do: fc.constantFrom("delete" as const, "restart" as const, "compare" as const) }) },
);

/** What a program works with: two replicas, one of which remembers nothing. */
interface Replicas {
  readonly store: RetentionStore;
  readonly savers: KeepingSaver[];
}

const choose = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(items.length, 1)];
/** Most runs go on from the newest. */
const parentAmong = (items: readonly Put[], n: number): Put | undefined => (n < 700 ? items.at(-1) : choose(items, n));

class StepCommand implements fc.AsyncCommand<Model, Replicas> {
  readonly #step: Step;

  constructor(given: Step) {
    this.#step = given;
  }

  check = (): boolean => true;

  run(model: Model, real: Replicas): Promise<void> {
    return perform(this.#step, model, real);
  }

  toString(): string {
    return JSON.stringify(this.#step);
  }
}

const where = (thread: string, { namespace, id, run: runId }: { namespace: string; id?: string | undefined; run: string }) => ({
  configurable: { ...on(thread).configurable, checkpoint_ns: namespace, ...(id === undefined ? {} : { checkpoint_id: id }) },
  metadata: { run_id: runId },
});

async function put(saver: KeepingSaver, thread: string, made: Put, changed: readonly string[]): Promise<void> {
  const { id, parent, namespace, run: runId, origins: parents } = made;
  const checkpoint = {
    v: 4,
    id,
    ts: "",
    channel_values: { ...made.values },
    channel_versions: { ...made.versions },
    versions_seen: {},
  };
  const newVersions = Object.fromEntries(changed.map((channel) => [channel, made.versions[channel] ?? 0]));
  await saver.put(
    where(thread, { namespace, id: parent, run: runId }),
    checkpoint,
    { source: "loop", step: 0, parents },
    newVersions,
  );
}

async function write(saver: KeepingSaver, thread: string, to: { namespace: string; id: string }, made: Write): Promise<void> {
  await saver.putWrites(where(thread, { ...to, run: made.run }), [[made.channel, made.value]], made.task);
}

/** The child of a checkpoint: one value is new, one grows, and one is carried over from the first on. */
function childOf(
  parent: Put | undefined,
  given: Pick<Put, "namespace" | "run" | "origins">,
  mark: number,
  grows: boolean,
): [Put, string[]] {
  const log = Array.isArray(parent?.values.log) ? (parent.values.log as unknown[]) : [];
  const version = mark + 1;
  const values = {
    first: parent?.values.first ?? text(`first ${mark}`),
    log: grows ? [...log, text(`log ${mark}`)] : log,
    last: text(`last ${mark}`),
  };
  const changed = ["last", ...(grows || parent === undefined ? ["log"] : []), ...(parent === undefined ? ["first"] : [])];
  const versions = { ...parent?.versions, ...Object.fromEntries(changed.map((channel) => [channel, version])) };
  return [{ ...given, id: uuid6(0), parent: parent?.id, values, versions, writes: [] }, changed];
}

/** The code with which it fails; "done" where it does not. */
async function outcomeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return "done";
  } catch (error) {
    if (isHoldfastError(error)) return error.code;
    throw error;
  }
}

async function perform(program: Step, model: Model, { store, savers }: Replicas): Promise<void> {
  const slot = program.by % savers.length;
  const saver = savers[slot] as KeepingSaver;
  const { thread } = program;
  const own = model[thread];
  model.marks += 1;
  const mark = model.marks;
  switch (program.do) {
    case "put": {
      const root = own.in("").at(-1);
      const isBound = program.inSubgraph && root !== undefined;
      const namespace = isBound ? "sub" : "";
      const origins = isBound ? { "": root.id } : {};
      const parent = parentAmong(own.in(namespace), program.parent);
      const [made, changed] = childOf(parent, { namespace, run: program.run, origins }, mark, program.grows);
      await put(saver, thread, made, changed);
      own.checkpoints = [...own.checkpoints, made];
      return;
    }
    case "put on what is gone": {
      const gone = choose([...own.fates.keys()], program.which);
      if (gone === undefined) return;
      const [made] = childOf(undefined, { namespace: "", run: program.run, origins: {} }, mark, true);
      const late = { ...made, parent: gone };
      const outcome = await outcomeOf(put(saver, thread, late, ["first", "log", "last"]));
      expect(["done", "HOLDFAST_THREAD_DELETED"]).toContain(outcome);
      if (!own.fates.get(gone)?.has("deleted")) expect(outcome, "on a pruned checkpoint").toBe("done");
      if (!own.fates.get(gone)?.has("pruned")) expect(outcome, "on a deleted checkpoint").toBe("HOLDFAST_THREAD_DELETED");
      if (outcome === "done") own.checkpoints = [...own.checkpoints, late];
      else own.fates.set(late.id, new Set(["deleted"]));
      return;
    }
    case "write to what is gone": {
      const gone = choose([...own.fates.keys()], program.which);
      if (gone === undefined) return;
      const late = { run: program.run, task: `task ${mark}`, channel: "log", value: text(`late ${mark}`) };
      for (const namespace of ["", "sub"]) {
        const isOwn = own.checkpoints.some((each) => each.id === gone);
        const outcome = await outcomeOf(write(saver, thread, { namespace, id: gone }, late));
        expect(isOwn).toBe(false);
        expect(["done", "HOLDFAST_THREAD_DELETED"]).toContain(outcome);
        if (!own.fates.get(gone)?.has("pruned")) expect(outcome, "to a deleted checkpoint").toBe("HOLDFAST_THREAD_DELETED");
      }
      return;
    }
    case "write": {
      const to = choose(own.checkpoints, program.which);
      if (to === undefined) return;
      const made = {
        run: program.run,
        task: `task ${mark}`,
        channel: program.asks ? "__interrupt__" : "log",
        value: [...(to.values.log as unknown[]), text(`write ${mark}`)],
      };
      await write(saver, thread, to, made);
      own.checkpoints = own.checkpoints.map((each) => (each === to ? { ...each, writes: [...each.writes, made] } : each));
      return;
    }
    case "prune": {
      const outcome = await outcomeOf(saver.prune([thread], { keepLast: program.keepLast }));
      if (own.checkpoints.length === 0) return expect(outcome).toBe("HOLDFAST_THREAD_NOT_FOUND");
      expect(outcome).toBe("done");
      const left = new Set<string>();
      for await (const { checkpoint } of saver.list(on(thread))) left.add(checkpoint.id);
      const lost = own.checkpoints.filter(({ id }) => !left.has(id));
      for (const namespace of ["", "sub"]) {
        for (const each of own.in(namespace).slice(-program.keepLast)) expect(lost, "the newest stay").not.toContain(each);
      }
      for (const each of lost.filter(({ namespace }) => namespace === "")) {
        expect(each.writes.length === 0 || own.hasChild(each), "the ends with writes stay").toBe(true);
      }
      return own.lose(lost, "pruned");
    }
    case "deleteForRuns": {
      await saver.deleteForRuns([program.run]);
      for (const each of Object.values(model).filter((some) => some instanceof ThreadModel)) {
        each.lose(
          each.checkpoints.filter((checkpoint) => checkpoint.run === program.run),
          "pruned",
        );
        each.checkpoints = each.checkpoints.map((checkpoint) =>
          each.hasChild(checkpoint)
            ? checkpoint
            : { ...checkpoint, writes: checkpoint.writes.filter((written) => written.run !== program.run) },
        );
        // A thread of which nothing is left is gone.
        if (each.checkpoints.length === 0) each.delete();
      }
      return;
    }
    case "copy": {
      const outcome = await outcomeOf(saver.copyThread(thread, program.to));
      const target = model[program.to];
      if (thread !== program.to && own.checkpoints.length === 0) return expect(outcome).toBe("HOLDFAST_THREAD_NOT_FOUND");
      if (target.checkpoints.length > 0) return expect(outcome).toBe("HOLDFAST_THREAD_EXISTS");
      if (thread === program.to) return;
      expect(outcome).toBe("done");
      target.checkpoints = own.checkpoints;
      for (const [id, fates] of own.fates) target.fates.set(id, new Set([...(target.fates.get(id) ?? []), ...fates, "pruned"]));
      for (const { id } of target.checkpoints) target.fates.delete(id);
      return;
    }
    case "delete":
      await saver.deleteThread(thread);
      return own.delete();
    case "restart":
      savers[slot] = store.open(slot === 0 ? {} : { cacheBytes: 0 });
      return;
    case "compare":
      return expectAsModel(saver, thread, own);
  }
}

async function expectAsModel(saver: KeepingSaver, thread: string, model: ThreadModel): Promise<void> {
  const listed = [];
  for await (const tuple of saver.list(on(thread))) listed.push(shown(tuple));
  const expected = model.checkpoints.toReversed();
  expect(listed.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  for (const [n, each] of expected.entries()) {
    const tuple = await saver.getTuple(where(thread, each));
    const read = tuple && shown(tuple);
    expect(isDeepStrictEqual(read, listed[n]), "read as it is listed").toBe(true);
    expect(read?.checkpoint.channel_values).toEqual(each.values);
    expect([read?.namespace, read?.parent, read?.metadata]).toEqual([
      each.namespace,
      each.parent,
      { source: "loop", step: 0, parents: each.origins },
    ]);
    expect(read?.writes).toEqual(each.writes.map(({ task, channel, value }) => [task, channel, value]));
  }
  for (const namespace of ["", "sub"]) {
    const newest = await saver.getTuple(where(thread, { namespace, run: "" }));
    expect(newest?.checkpoint.id).toBe(model.in(namespace).at(-1)?.id);
  }
}

/** Registers the test of random lives of threads. */
export function randomLifeTests(target: RetentionTarget): void {
  it("C-52 C-53 C-54 C-55 C-58 whatever is done to threads, what is kept is as it was put, and nothing is left underneath", {
    timeout: 300_000,
  }, async () => {
    const seed = Number(process.env.HOLDFAST_TEST_SEED ?? 20_261_127);
    const programs = fc.commands([step.map((each) => new StepCommand(each))], { maxCommands: 40, size: "max" });
    const check = (commands: Iterable<fc.AsyncCommand<Model, Replicas>>): Promise<void> =>
      withRetentionStore(target, async (store) => {
        const model: Model = { a: new ThreadModel(), b: new ThreadModel(), c: new ThreadModel(), marks: 0 };
        const savers = [store.open(), store.open({ cacheBytes: 0 })];
        await fc.asyncModelRun(() => ({ model, real: { store, savers } }), commands);
        for (const thread of THREADS) {
          for (const saver of savers) await expectAsModel(saver, thread, model[thread]);
          const { orphans, ...counts } = await store.inspect(thread);
          expect(orphans).toEqual([]);
          if (model[thread].checkpoints.length === 0) expect(counts).toEqual({ checkpoints: 0, segments: 0, writes: 0 });
        }
      });
    await fc.assert(fc.asyncProperty(programs, check), { seed, numRuns: 15 });
  });
}

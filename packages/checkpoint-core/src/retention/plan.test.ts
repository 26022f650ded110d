// One file: examples of a plan, and the properties that hold for the plan of any thread, share how a thread is built and read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CheckpointSummary } from "../store/thread-store.js";
import { planRetention, planWithoutRuns, type RetentionPlan, type RetentionRule } from "./plan.js";

const HOUR = 3_600_000;

/** A checkpoint of the root graph, of which nothing is known but its id. */
function summary(checkpointId: string, given: Partial<CheckpointSummary> = {}): CheckpointSummary {
  const nothing = {
    parentId: undefined,
    origins: {},
    snapshots: [],
    moved: [],
    isUpdate: false,
    hasWrites: false,
    isHidden: false,
    isOutcome: false,
  };
  return { namespace: "", checkpointId, ...nothing, ageMs: HOUR, runId: undefined, lease: undefined, ...given };
}

/** Each on the one before it. */
function chain(ids: readonly string[], given: (id: string) => Partial<CheckpointSummary> = () => ({})): CheckpointSummary[] {
  return ids.map((id, n) => summary(id, { parentId: ids[n - 1], ...given(id) }));
}

const keyOf = ({ namespace, checkpointId }: Pick<CheckpointSummary, "namespace" | "checkpointId">): string =>
  `${namespace}/${checkpointId}`;

/** What a plan leaves of a thread. */
function applied(summaries: readonly CheckpointSummary[], { remove, hide }: RetentionPlan): CheckpointSummary[] {
  const [gone, hidden] = [new Set(remove.map(keyOf)), new Set(hide.map(keyOf))];
  return summaries
    .filter((each) => !gone.has(keyOf(each)))
    .map((each) => (hidden.has(keyOf(each)) ? { ...each, isHidden: true } : each));
}

const visible = (summaries: readonly CheckpointSummary[]): CheckpointSummary[] => summaries.filter(({ isHidden }) => !isHidden);

/** The ids that stay in sight, and those that stay out of sight. */
function left(summaries: readonly CheckpointSummary[], rule: Partial<RetentionRule> = {}): [shown: string, hidden: string] {
  const after = applied(summaries, planRetention(summaries, { keepLast: 1, maxAgeMs: 0, ...rule }));
  const ids = (some: readonly CheckpointSummary[]): string => some.map(({ checkpointId }) => checkpointId).join(" ");
  return [ids(visible(after)), ids(after.filter(({ isHidden }) => isHidden))];
}

describe("C-52", () => {
  it("C-52 the newest of the graph stay, by the order of commits and not of ids", () => {
    expect(left(chain(["9", "1", "5", "3"]), { keepLast: 2 })).toEqual(["5 3", ""]);
    expect(left(chain(["9", "1"]), { keepLast: 5 })).toEqual(["9 1", ""]);
    expect(left([])).toEqual(["", ""]);
  });

  it("C-52 the younger ones stay", () => {
    const ages: Record<string, number> = { a: 5_000, b: 3_000, c: 2_000, d: 1_000 };
    expect(
      left(
        chain(["a", "b", "c", "d"], (id) => ({ ageMs: ages[id] ?? 0 })),
        { maxAgeMs: 3_000 },
      ),
    ).toEqual(["c d", ""]);
  });

  it("C-52 the end of a branch with pending writes stays, and no other place with writes", () => {
    const thread = [
      ...chain(["a", "b", "c"], () => ({ hasWrites: true })),
      summary("fork", { parentId: "a", hasWrites: true }),
      summary("done", { parentId: "a" }),
      summary("d", { parentId: "c" }),
    ];
    expect(left(thread)).toEqual(["fork d", ""]);
  });

  it("C-52 delta channels keep the ancestors back to where each has had a snapshot, out of sight", () => {
    const snapshots: Record<string, string[]> = { a: ["x", "y"], b: ["x", "y"], d: ["x"], e: ["y"] };
    const deltas = chain(["a", "b", "c", "d", "e", "f", "g"], (id) => ({ snapshots: snapshots[id] ?? [], moved: ["x"] }));
    expect(left(deltas)).toEqual(["g", "d e f"]);
    expect(left(deltas, { keepLast: 4 })).toEqual(["d e f g", "b c"]);
    expect(left(deltas.slice(0, 2)), "both have one here").toEqual(["b", ""]);
  });

  it("C-52 a delta channel that never had a snapshot keeps all ancestors, also of one that does not count since when", () => {
    const deltas = chain(["a", "b", "c"], () => ({ moved: ["x"] }));
    expect(left([...deltas, summary("edited", { parentId: "c" })])).toEqual(["edited", "a b c"]);
  });

  const call = (id: string, base: string, given: Partial<CheckpointSummary> = {}): CheckpointSummary =>
    summary(id, { namespace: "node:task", origins: { "": base }, ...given });

  it("C-52 of a call of a subgraph the newest stays, and only where the graph around it stays", () => {
    const thread = [
      summary("a"),
      call("a1", "a"),
      summary("b", { parentId: "a", hasWrites: true }),
      call("b1", "b"),
      call("b2", "b", { parentId: "b1" }),
      call("b3", "b", { parentId: "b1", hasWrites: true }),
      call("b4", "b", { parentId: "b2" }),
    ];
    expect(left(thread)).toEqual(["b b3 b4", ""]);
  });

  it("C-52 of a subgraph of a subgraph too", () => {
    const nested = (id: string, base: string, middle: string): CheckpointSummary =>
      summary(id, { namespace: "node:task|inner:task", origins: { "": base, "node:task": middle } });
    const thread = [
      summary("a"),
      call("a1", "a"),
      nested("a1x", "a", "a1"),
      summary("b", { parentId: "a" }),
      call("b1", "b"),
      nested("b1x", "b", "b1"),
      call("b2", "b", { parentId: "b1" }),
      nested("b2x", "b", "b2"),
      nested("b2y", "b", "b2"),
    ];
    expect(left(thread)).toEqual(["b b2 b2y", ""]);
  });

  const remembers = (id: string, base: string): CheckpointSummary => summary(id, { namespace: "node", origins: { "": base } });

  it("C-52 of a subgraph that remembers, its newest stay, and what replaying a checkpoint that stays would find", () => {
    const thread = ["a", "b", "c", "d"].flatMap((id) => [summary(id), remembers(`${id}1`, id), remembers(`${id}2`, id)]);
    expect(left(thread)).toEqual(["c2 d d2", ""]);
    expect(left(thread, { keepLast: 3 })).toEqual(["a2 b b2 c c2 d d1 d2", ""]);
  });

  it("C-22 where its place would tell another order than its origin's, the origin stays, out of sight", () => {
    // The subgraph's checkpoint was committed after the next one of the graph around it.
    const thread = [summary("a"), summary("b", { parentId: "a" }), remembers("a1", "a")];
    expect(left(thread)).toEqual(["b a1", "a"]);
    expect(left([summary("a"), remembers("a1", "a"), summary("b", { parentId: "a" })])).toEqual(["a1 b", ""]);
  });

  it("C-52 loops of parents, and parents that are not there, do no harm", () => {
    const loop = [summary("a", { parentId: "b", moved: ["x"] }), summary("b", { parentId: "a", moved: ["x"] })];
    expect(left(loop)).toEqual(["b", "a"]);
    expect(left([summary("own", { parentId: "own", moved: ["x"], hasWrites: true })])).toEqual(["own", ""]);
    expect(left([summary("orphan", { parentId: "gone", moved: ["x"] })])).toEqual(["orphan", ""]);
  });
});

/** A step of a random thread; numbers choose among what is there. */
interface Step {
  readonly graph: "root" | "other" | "stateful" | "call" | "nested";
  readonly parent: number | null;
  readonly base: number;
  readonly hasWrites: boolean;
  readonly snapshots: readonly string[];
  readonly moved: readonly string[];
  readonly runId: string | undefined;
}

const channels = fc.oneof(
  { weight: 3, arbitrary: fc.constant<readonly string[]>([]) },
  { weight: 1, arbitrary: fc.subarray(["x", "y"]) },
);

const step: fc.Arbitrary<Step> = fc.record({
  graph: fc.constantFrom("root", "root", "other", "stateful", "call", "nested"),
  parent: fc.option(fc.nat(30), { freq: 8 }),
  base: fc.nat(30),
  hasWrites: fc.boolean(),
  snapshots: channels,
  moved: channels,
  runId: fc.constantFrom(undefined, "run 1", "run 2"),
});

/** The end of a list is the likeliest: most runs go on from the newest. */
const choose = (items: readonly CheckpointSummary[], n: number): CheckpointSummary | undefined =>
  n < 10 ? items.at(-1) : items[n % Math.max(items.length, 1)];

function threadOf(steps: readonly Step[]): CheckpointSummary[] {
  const thread: CheckpointSummary[] = [];
  const members = (namespace: string): CheckpointSummary[] => thread.filter((each) => each.namespace === namespace);
  for (const [n, { graph, parent, base, ...facts }] of steps.entries()) {
    const around = graph === "nested" ? thread.filter(({ namespace }) => namespace.startsWith("call:")) : members("");
    const origin = graph === "root" || graph === "other" ? undefined : choose(around, base);
    if (graph !== "root" && graph !== "other" && origin === undefined) continue;
    const namespace = {
      root: "",
      other: "a graph of its own",
      stateful: "sub",
      call: `call:${origin?.checkpointId}`,
      nested: `${origin?.namespace}|deep:${origin?.checkpointId}`,
    }[graph];
    const origins = origin === undefined ? {} : { ...origin.origins, [origin.namespace]: origin.checkpointId };
    const parentId = parent === null ? undefined : choose(members(namespace), parent)?.checkpointId;
    thread.push({
      namespace,
      checkpointId: `${n}`,
      parentId,
      origins,
      isUpdate: false,
      isHidden: false,
      isOutcome: false,
      ageMs: (100 - n) * 1_000,
      lease: undefined,
      ...facts,
    });
  }
  return thread;
}

const thread = fc.array(step, { maxLength: 24, size: "max" }).map(threadOf);
const rule = fc.record({ keepLast: fc.integer({ min: 1, max: 4 }), maxAgeMs: fc.constantFrom(0, 0, 75_000, 90_000) });

/** The place in the order of commits, of a subgraph among another graph's the place of what it was made on, as the contract's C-22 says. */
function placeAmong(summaries: readonly CheckpointSummary[], namespace: string, each: CheckpointSummary): number {
  const origin = each.namespace === namespace ? undefined : each.origins[namespace];
  const at = summaries.findIndex((other) => other.namespace === namespace && other.checkpointId === origin);
  return at >= 0 ? at : summaries.indexOf(each);
}

/** What a subgraph reads of a namespace when it is run again on a checkpoint of the graph around it. */
function readBefore(summaries: readonly CheckpointSummary[], namespace: string, base: CheckpointSummary): string | undefined {
  const end = summaries.indexOf(base);
  const earlier = visible(summaries).filter(
    (each) => each.namespace === namespace && placeAmong(summaries, base.namespace, each) < end,
  );
  return earlier.at(-1)?.checkpointId;
}

/** The ancestors that a checkpoint's delta channels are rebuilt from. */
function rebuiltFrom(summaries: readonly CheckpointSummary[], each: CheckpointSummary): CheckpointSummary[] {
  const own = summaries.filter(({ namespace }) => namespace === each.namespace);
  const missing = new Set(own.flatMap(({ snapshots, moved }) => [...snapshots, ...moved]));
  const ancestors: CheckpointSummary[] = [];
  for (let at: CheckpointSummary | undefined = each; at !== undefined && missing.size > 0; ) {
    for (const channel of at.snapshots) missing.delete(channel);
    const parentId: string | undefined = at.parentId;
    at = own.find(({ checkpointId }) => checkpointId === parentId);
    if (missing.size > 0 && at !== undefined) ancestors.push(at);
  }
  return ancestors;
}

const keysOf = (summaries: readonly CheckpointSummary[]): Set<string> => new Set(summaries.map(keyOf));

/** Fails where what a plan leaves in sight lacks something, or stands in another order. */
function expectWhole(before: readonly CheckpointSummary[], after: readonly CheckpointSummary[]): void {
  const [there, shown] = [keysOf(after), visible(after)];
  const inBefore = (each: CheckpointSummary): CheckpointSummary =>
    before.find((other) => keyOf(other) === keyOf(each)) as CheckpointSummary;
  for (const each of shown) {
    for (const ancestor of rebuiltFrom(before, inBefore(each)))
      expect(there, `${keyOf(each)} is rebuilt from`).toContain(keyOf(ancestor));
    for (const other of shown) {
      if (other.namespace === each.namespace) continue;
      const isBefore = (all: readonly CheckpointSummary[], a: CheckpointSummary, b: CheckpointSummary): boolean =>
        placeAmong(all, b.namespace, a) < all.indexOf(b);
      if (other.origins[each.namespace] === undefined) continue;
      expect(isBefore(after, other, each), `${keyOf(other)} before ${keyOf(each)}`).toBe(
        isBefore(before, inBefore(other), inBefore(each)),
      );
    }
  }
}

describe("any thread", () => {
  it("C-52 C-22 what stays has all that it needs, and reads as before", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(thread, rule, (before, { keepLast, maxAgeMs }) => {
        const after = applied(before, planRetention(before, { keepLast, maxAgeMs }));
        const shown = visible(after);
        const names = keysOf(shown);
        const hasChild = (each: CheckpointSummary): boolean =>
          before.some(({ namespace, parentId }) => namespace === each.namespace && parentId === each.checkpointId);
        for (const namespace of new Set(before.map((each) => each.namespace))) {
          const all = before.filter((each) => each.namespace === namespace);
          const isBound = Object.keys(all[0]?.origins ?? {}).length > 0;
          if (!isBound || !namespace.includes(":")) {
            for (const each of all.slice(-keepLast)) expect(names, "the newest").toContain(keyOf(each));
          }
          if (!isBound) {
            for (const each of all) {
              if (each.ageMs < maxAgeMs || (each.hasWrites && !hasChild(each))) expect(names).toContain(keyOf(each));
            }
            continue;
          }
          for (const base of shown.filter((each) => each.namespace === "")) {
            // Going on from there, and replaying it.
            const newest = all.filter(({ origins }) => Object.entries(origins).every(([ns, id]) => names.has(`${ns}/${id}`)));
            const made = newest.filter(({ origins }) => origins[""] === base.checkpointId);
            for (const origins of new Set(made.map((each) => JSON.stringify(each.origins)))) {
              const last = made.filter((each) => JSON.stringify(each.origins) === origins).at(-1);
              if (last !== undefined) expect(names, "the newest of its base").toContain(keyOf(last));
            }
            if (namespace.includes(":")) continue;
            const baseBefore = before.find((each) => keyOf(each) === keyOf(base)) as CheckpointSummary;
            expect(readBefore(after, namespace, base)).toBe(readBefore(before, namespace, baseBefore));
          }
        }
        expectWhole(before, after);
      }),
      { numRuns: 300 },
    );
  });

  it("C-52 a plan that was carried out leaves nothing to be done", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(thread, rule, (before, policy) => {
        const after = applied(before, planRetention(before, policy));
        expect(planRetention(after, policy)).toEqual({ remove: [], hide: [] });
      }),
      { numRuns: 300 },
    );
  });

  it("C-55 without a run, all others stay, in the same order, with what they are rebuilt from", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(thread, fc.subarray(["run 1", "run 2"]), (before, runs) => {
        const after = applied(before, planWithoutRuns(before, new Set(runs)));
        const isOfRuns = ({ runId }: CheckpointSummary): boolean => runId !== undefined && runs.includes(runId);
        expect(visible(after)).toEqual(before.filter((each) => !isOfRuns(each)));
        expectWhole(before, after);
        expect(planWithoutRuns(after, new Set(runs))).toEqual({ remove: [], hide: [] });
      }),
      { numRuns: 300 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CheckpointKey,
  type CheckpointOutline,
  planRetention,
  planWithoutRuns,
  type RetentionPlan,
} from "./retention-plan.js";

const HOUR_MS = 3_600_000;

/** A checkpoint of which only what is told matters. */
function outline(checkpointId: string, told: Partial<CheckpointOutline> = {}): CheckpointOutline {
  return {
    namespace: "",
    checkpointId,
    parentId: undefined,
    origins: {},
    snapshots: [],
    moved: [],
    hasWrites: false,
    isHidden: false,
    ageMs: HOUR_MS,
    runId: undefined,
    ...told,
  };
}

/** A line of checkpoints, each the parent of the next one. */
function line(ids: string, told: Partial<CheckpointOutline> = {}): CheckpointOutline[] {
  return [...ids].map((id, n) => outline(id, { ...told, parentId: ids[n - 1] }));
}

const idsOf = (keys: readonly CheckpointKey[]): string => keys.map(({ checkpointId }) => checkpointId).join("");
const keepLast = (count: number) => ({ keepLast: count, maxAgeMs: 0 });
const plainly = ({ remove, hide }: RetentionPlan) => ({ remove: idsOf(remove), hide: idsOf(hide) });

describe("C-52 what prune keeps", () => {
  it("C-52 the newest of a thread, whatever their branch", () => {
    expect(plainly(planRetention(line("abcde"), keepLast(2)))).toEqual({ remove: "abc", hide: "" });
    expect(plainly(planRetention(line("ab"), keepLast(5)))).toEqual({ remove: "", hide: "" });
  });

  it("C-52 what is younger than maxAge", () => {
    const outlines = [...line("abc"), outline("d", { parentId: "c", ageMs: 10 }), outline("e", { parentId: "d", ageMs: 5 })];
    expect(plainly(planRetention(outlines, { keepLast: 1, maxAgeMs: 11 }))).toEqual({ remove: "abc", hide: "" });
    expect(plainly(planRetention(outlines, { keepLast: 1, maxAgeMs: 10 }))).toEqual({ remove: "abcd", hide: "" });
  });

  it("C-52 the end of a branch that was written to, and not one that has gone on", () => {
    const fork = outline("x", { parentId: "a", hasWrites: true });
    const [a, b, c] = line("abc") as [CheckpointOutline, CheckpointOutline, CheckpointOutline];
    expect(plainly(planRetention([a, { ...b, hasWrites: true }, fork, c], keepLast(1)))).toEqual({ remove: "ab", hide: "" });
  });

  it("C-52 each namespace that stands by itself counts for itself", () => {
    expect(plainly(planRetention([...line("abc"), ...line("xy", { namespace: "other" })], keepLast(1)))).toEqual({
      remove: "abx",
      hide: "",
    });
  });

  it("C-52 what a delta channel is rebuilt from, out of sight, back to the snapshot of each", () => {
    const outlines = line("abcdef", { moved: ["log"] }).map((each) =>
      each.checkpointId === "b"
        ? { ...each, snapshots: ["log"] }
        : each.checkpointId === "d"
          ? { ...each, snapshots: ["log"] }
          : each,
    );
    expect(plainly(planRetention(outlines, keepLast(1)))).toEqual({ remove: "abc", hide: "de" });
    const two = outlines.map((each) => ({ ...each, snapshots: each.checkpointId === "b" ? ["other"] : each.snapshots }));
    expect(plainly(planRetention(two, keepLast(1)))).toEqual({ remove: "a", hide: "bcde" });
  });

  it("C-52 what is hidden is not hidden again, and goes when nothing needs it", () => {
    const hidden = line("abc", { moved: ["log"], isHidden: true });
    const d = outline("d", { parentId: "c", moved: ["log"] });
    expect(plainly(planRetention([...hidden, d], keepLast(1)))).toEqual({ remove: "", hide: "" });
    const e = outline("e", { parentId: "d", snapshots: ["log"] });
    expect(plainly(planRetention([...hidden, d, e], keepLast(1)))).toEqual({ remove: "abcd", hide: "" });
  });

  it("C-52 a subgraph's newest on each checkpoint of its graph that stays", () => {
    const on = (id: string, root: string) => outline(id, { namespace: "node:task", origins: { "": root } });
    const [a, b, c] = line("abc") as [CheckpointOutline, CheckpointOutline, CheckpointOutline];
    const plan = planRetention([a, on("u", "a"), b, on("x", "b"), on("y", "b"), c], keepLast(2));
    expect(plainly(plan)).toEqual({ remove: "aux", hide: "" });
  });

  it("C-52 a subgraph that remembers: its newest, and what a replay of one that stays begins from", () => {
    const on = (id: string, root: string) => outline(id, { namespace: "node", origins: { "": root } });
    const [a, b, c] = line("abc") as [CheckpointOutline, CheckpointOutline, CheckpointOutline];
    const plan = planRetention([a, on("u", "a"), on("v", "a"), b, on("x", "b"), on("y", "b"), c], keepLast(2));
    expect(idsOf(plan.remove)).not.toContain("v");
    expect(idsOf(plan.remove)).toContain("u");
    expect(idsOf(plan.remove)).not.toContain("y");
  });
});

describe("C-55 what is left without a run", () => {
  it("C-55 everything else", () => {
    const outlines = line("abcd").map((each) => ({ ...each, runId: each.checkpointId < "c" ? "one" : "two" }));
    expect(plainly(planWithoutRuns(outlines, new Set(["two"])))).toEqual({ remove: "cd", hide: "" });
    expect(plainly(planWithoutRuns(outlines, new Set(["three"])))).toEqual({ remove: "", hide: "" });
  });

  it("C-55 out of sight what later checkpoints' delta channels are rebuilt from", () => {
    const outlines = line("abcd", { moved: ["log"] }).map((each) => ({
      ...each,
      runId: each.checkpointId === "b" ? "one" : "two",
    }));
    expect(plainly(planWithoutRuns(outlines, new Set(["one"])))).toEqual({ remove: "", hide: "b" });
  });
});

/** A random thread: a tree of checkpoints of a root graph and two subgraphs, one of which remembers. */
const thread = fc
  .array(
    fc.record({
      namespace: fc.constantFrom("", "", "", "node", "node:task"),
      parent: fc.nat(),
      origin: fc.nat(),
      snapshots: fc.subarray(["log", "other"]),
      moved: fc.subarray(["log", "other"]),
      hasWrites: fc.boolean(),
      isHidden: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      ageMs: fc.nat(100),
      runId: fc.constantFrom("one", "two", undefined),
    }),
    { maxLength: 24 },
  )
  .map((steps) => {
    const outlines: CheckpointOutline[] = [];
    for (const [n, { parent, origin, ...told }] of steps.entries()) {
      const own = outlines.filter(({ namespace }) => namespace === told.namespace);
      const roots = outlines.filter(({ namespace }) => namespace === "");
      const root = told.namespace === "" ? undefined : roots[origin % Math.max(1, roots.length)];
      const parentId = own.length === 0 || parent % 7 === 0 ? undefined : own[parent % own.length]?.checkpointId;
      outlines.push(outline(`c${n}`, { ...told, parentId, origins: root === undefined ? {} : { "": root.checkpointId } }));
    }
    return outlines;
  });

describe("C-52 C-55 of any thread", () => {
  const name = ({ namespace, checkpointId }: CheckpointKey): string => `${namespace} ${checkpointId}`;

  /** Fails unless what stays to be seen has what its delta channels are rebuilt from. */
  function expectReadable(outlines: readonly CheckpointOutline[], plan: RetentionPlan): CheckpointOutline[] {
    const removed = new Set(plan.remove.map(name));
    const hidden = new Set(plan.hide.map(name));
    for (const key of removed) expect(hidden.has(key), "both removed and hidden").toBe(false);
    const visible = outlines.filter((each) => !each.isHidden && !removed.has(name(each)) && !hidden.has(name(each)));
    for (const each of visible) {
      const deltas = new Set(
        outlines
          .filter(({ namespace }) => namespace === each.namespace)
          .flatMap(({ snapshots, moved }) => [...snapshots, ...moved]),
      );
      for (const channel of each.snapshots) deltas.delete(channel);
      for (let at = each; deltas.size > 0; ) {
        const parent = outlines.find((one) => one.namespace === at.namespace && one.checkpointId === at.parentId);
        if (parent === undefined) break;
        expect(removed.has(name(parent)), `${name(parent)}, which ${name(each)} is rebuilt from`).toBe(false);
        for (const channel of parent.snapshots) deltas.delete(channel);
        at = parent;
      }
    }
    return visible;
  }

  it("C-52 what stays can be read, and what waits stays", () => {
    fc.assert(
      fc.property(thread, fc.integer({ min: 1, max: 4 }), fc.nat(100), (outlines, count, maxAgeMs) => {
        const plan = planRetention(outlines, { keepLast: count, maxAgeMs });
        const visible = expectReadable(outlines, plan);
        const stays = new Set(visible.map(name));
        const parents = new Set(outlines.map(({ namespace, parentId }) => `${namespace} ${parentId}`));
        const independent = outlines.filter((each) => !each.isHidden && Object.keys(each.origins).length === 0);
        for (const each of independent) {
          const newer = independent.filter(({ namespace }) => namespace === each.namespace);
          const isNewest = newer.length - newer.indexOf(each) <= count;
          const isOpenEnd = each.hasWrites && !parents.has(name(each));
          expect(stays.has(name(each)), name(each)).toBe(isNewest || isOpenEnd || each.ageMs < maxAgeMs);
        }
        // The newest of a subgraph on each checkpoint that stays.
        for (const root of visible.filter(({ namespace }) => namespace === "")) {
          for (const namespace of ["node", "node:task"]) {
            const newest = outlines.filter(
              (each) => !each.isHidden && each.namespace === namespace && each.origins[""] === root.checkpointId,
            );
            const last = newest.at(-1);
            if (last !== undefined) expect(stays.has(name(last)), name(last)).toBe(true);
          }
        }
      }),
      { seed: 20_261_127, numRuns: 2_000 },
    );
  });

  it("C-55 what is not of the runs stays, and can be read", () => {
    fc.assert(
      fc.property(thread, (outlines) => {
        const visible = expectReadable(outlines, planWithoutRuns(outlines, new Set(["one"])));
        const expected = outlines.filter((each) => !each.isHidden && each.runId !== "one");
        expect(visible.map(name)).toEqual(expected.map(name));
      }),
      { seed: 20_261_128, numRuns: 1_000 },
    );
  });
});

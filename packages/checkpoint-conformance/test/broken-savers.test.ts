import type { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { allSuites, type ConformanceCase, type ConformanceTarget, rulesOf, runCase, whyNot } from "../src/index.js";
import * as broken from "./broken-savers.js";
import { CommitOrderSaver, LatestById, NaiveCommitOrder } from "./commit-order-saver.js";
import { memoryTarget } from "./memory-target.js";

const casesOf = (target: ConformanceTarget, name: string): ConformanceCase[] =>
  allSuites
    .filter((suite) => suite.name === name)
    .flatMap(({ cases }) => cases.filter((each) => whyNot(target, each) === undefined));

const fails = (target: ConformanceTarget, conformanceCase: ConformanceCase): Promise<boolean> =>
  runCase(target, conformanceCase).then(
    () => false,
    () => true,
  );

/** The cases of a suite that the target fails, by title. */
async function failures(target: ConformanceTarget, suite: string): Promise<string[]> {
  const failed: string[] = [];
  for (const each of casesOf(target, suite)) if (await fails(target, each)) failed.push(each.title);
  return failed;
}

/** Whether the target fails a case of this suite; it stops at the first. */
async function failsSome(target: ConformanceTarget, suite: string): Promise<boolean> {
  for (const each of casesOf(target, suite)) if (await fails(target, each)) return true;
  return false;
}

const rulesBroken = (titles: readonly string[]): Set<string> => new Set(titles.flatMap(rulesOf));

interface Fault {
  readonly Saver: new () => MemorySaver;
  /** The suite of single calls that looks for it, and the rules of which it must report a breach. */
  readonly suite: string;
  readonly rules: readonly string[];
  /** Suites of whole programs that must notice it too. */
  readonly programs?: readonly string[];
}

const faults: readonly Fault[] = [
  {
    Saver: broken.FirstValuePerVersion,
    suite: "put",
    rules: ["C-31", "C-35"],
    programs: ["time travel", "concurrent runs", "several savers on one store"],
  },
  { Saver: broken.DropsCarriedChannels, suite: "put", rules: ["C-33", "C-34"], programs: ["graphs"] },
  { Saver: broken.RefillsEmptiedChannels, suite: "put", rules: ["C-32"] },
  { Saver: broken.SerializesLater, suite: "put", rules: ["C-36"] },
  { Saver: broken.ForgetsNamespaceOfWrites, suite: "pending writes", rules: ["C-40"], programs: ["interrupts"] },
  { Saver: broken.ReplacesOrdinaryWrites, suite: "pending writes", rules: ["C-41"] },
  { Saver: broken.IgnoresSecondSpecialWrite, suite: "pending writes", rules: ["C-41"] },
  { Saver: broken.DeletesByPrefix, suite: "deleteThread", rules: ["C-50"], programs: ["thread identity"] },
  { Saver: broken.LeavesWritesBehind, suite: "deleteThread", rules: ["C-50"] },
  { Saver: broken.ListsTen, suite: "list", rules: ["C-20"] },
  { Saver: broken.IgnoresBefore, suite: "list", rules: ["C-22"], programs: ["a subgraph that remembers"] },
  { Saver: broken.ListsWithoutWrites, suite: "list", rules: ["C-25"] },
  { Saver: broken.HistoryOfAllBranches, suite: "getDeltaChannelHistory", rules: ["C-44"] },
];

describe("the suites catch a saver that is broken", () => {
  for (const { Saver, suite, rules, programs = [] } of faults) {
    it(Saver.name, { timeout: 120_000 }, async () => {
      const failed = await failures(memoryTarget(Saver.name, Saver), suite);
      expect([...rulesBroken(failed)]).toEqual(expect.arrayContaining([...rules]));
      for (const program of programs) expect(await failsSome(memoryTarget(Saver.name, Saver), program), program).toBe(true);
    });
  }

  it("StoresPlainJson", async () => {
    const target = memoryTarget("StoresPlainJson", broken.StoresPlainJson);
    const failed = await failures({ ...target, supports: { ...target.supports, losslessValues: true } }, "fidelity");
    expect(failed).toContain("C-60 undefined: read as it was put");
    expect(failed).toContain("C-60 Map: read as it was put");
    expect(failed).not.toContain("C-60 JSON values are read as they were put");
  });
});

describe("the suites about the order of commits", () => {
  const inCommitOrder = (Saver: new () => MemorySaver): ConformanceTarget => {
    const target = memoryTarget(Saver.name, Saver);
    return { ...target, supports: { ...target.supports, commitOrder: true, listTogether: true } };
  };
  const failuresOf = async (Saver: new () => MemorySaver): Promise<string[]> => {
    const failed: string[] = [];
    for (const suite of ["getTuple", "list", "put", "several savers on one store", "a subgraph that remembers"]) {
      failed.push(...(await failures(inCommitOrder(Saver), suite)));
    }
    return failed;
  };

  it("pass on a saver that keeps it", async () => {
    expect(await failuresOf(CommitOrderSaver)).toEqual([]);
  });

  it("fail where the latest is found by id", async () => {
    expect([...rulesBroken(await failuresOf(LatestById))]).toEqual(expect.arrayContaining(["C-10"]));
  });

  it("fail where a subgraph's checkpoint counts as earlier than the graph's it was made under", async () => {
    expect(await failuresOf(NaiveCommitOrder)).toEqual([
      expect.stringContaining("C-22 it goes back with its graph, also where the store has committed"),
    ]);
  });
});

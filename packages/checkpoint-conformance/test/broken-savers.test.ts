import type { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { allSuites, type ConformanceCase, type ConformanceTarget, runCase, whyNot } from "../src/index.js";
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

interface Fault {
  readonly Saver: new () => MemorySaver;
  /** The suite of single calls that looks for it, and the cases of it that are there for this fault. */
  readonly suite: string;
  readonly titles: readonly string[];
  /** Suites of whole programs that must notice it too. */
  readonly programs?: readonly string[];
}

const faults: readonly Fault[] = [
  {
    Saver: broken.FirstValuePerVersion,
    suite: "put",
    titles: [
      "C-35 branches that give one version number to different values each keep their own",
      "C-31 a checkpoint that was put again does not change what its children carry over",
    ],
    programs: ["time travel", "concurrent runs", "several savers on one store"],
  },
  {
    Saver: broken.DropsCarriedChannels,
    suite: "put",
    titles: [
      "C-33 channels that did not change carry over, however often",
      "C-34 a fork is a copy of all the values it is given",
    ],
    programs: ["graphs"],
  },
  {
    Saver: broken.RefillsEmptiedChannels,
    suite: "put",
    titles: ["C-32 a channel in newVersions takes its value, and without one it is empty from then on"],
  },
  { Saver: broken.SerializesLater, suite: "put", titles: ["C-36 put and putWrites take values as they are at the call"] },
  {
    Saver: broken.ForgetsNamespaceOfWrites,
    suite: "pending writes",
    titles: ["C-40 writes stay with their checkpoint, namespace and thread"],
    programs: ["interrupts"],
  },
  {
    Saver: broken.ReplacesOrdinaryWrites,
    suite: "pending writes",
    titles: ["C-41 a second ordinary write of a task at a position is ignored"],
  },
  {
    Saver: broken.IgnoresSecondSpecialWrite,
    suite: "pending writes",
    titles: ["C-41 a second special write of a task replaces the first"],
  },
  {
    Saver: broken.DeletesByPrefix,
    suite: "deleteThread",
    titles: ["C-50 it removes nothing of any other thread"],
    programs: ["thread identity"],
  },
  { Saver: broken.LeavesWritesBehind, suite: "deleteThread", titles: ["C-50 it removes all of the thread, in all namespaces"] },
  { Saver: broken.ListsTen, suite: "list", titles: ["C-20 list yields everything, newest first"] },
  {
    Saver: broken.IgnoresBefore,
    suite: "list",
    titles: ["C-22 before lists what was committed before that checkpoint"],
    programs: ["a subgraph that remembers"],
  },
  { Saver: broken.ListsWithoutWrites, suite: "list", titles: ["C-25 listed tuples are what getTuple returns"] },
  {
    Saver: broken.HistoryOfAllBranches,
    suite: "getDeltaChannelHistory",
    titles: ["C-44 only the ancestors of a checkpoint count, not its siblings"],
  },
];

describe("the suites catch a saver that is broken", () => {
  for (const { Saver, suite, titles, programs = [] } of faults) {
    it(Saver.name, { timeout: 120_000 }, async () => {
      const failed = await failures(memoryTarget(Saver.name, Saver), suite);
      expect(failed).toEqual(expect.arrayContaining([...titles]));
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
    expect(await failuresOf(LatestById)).toContain("C-10 a writer whose clock is behind is not overlooked");
  });

  it("fail where a subgraph's checkpoint counts as earlier than the graph's it was made under", async () => {
    expect(await failuresOf(NaiveCommitOrder)).toEqual([
      expect.stringContaining("C-22 it goes back with its graph, also where the store has committed"),
    ]);
  });
});

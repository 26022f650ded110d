import { describe, expect, it } from "vitest";
import { allSuites, runCase } from "../src/runner.js";
import * as broken from "./broken-reference-savers.js";
import { type ReferenceClass, type ReferenceFaults, referenceTarget } from "./reference-target.js";

/** Each fault, and the titles of the cases that are there for it. A name is that of a saver in other processes. */
const faults: Readonly<Record<string, readonly [ReferenceClass | string, ...titles: string[]]>> = {
  "drops a write": [broken.DropsAWrite, "C-40 writes that arrive before their checkpoint show once it is there"],
  "begins runs without a thread": [
    broken.BeginsRunsWithoutThread,
    "C-01 C-02 a run without a thread_id, or with a bad one, fails before its first node, durability exit",
  ],
  "forgets the namespace": [
    broken.ForgetsNamespace,
    "C-11 a checkpoint id reads that checkpoint, in that namespace of that thread only",
    "C-40 writes stay with their checkpoint, namespace and thread",
  ],
  "last writer wins on a version": [
    broken.LastWriterWinsOnVersion,
    "C-35 branches that give one version number to different values each keep their own",
    "C-35 a fork by updateState in the root graph: as in memory",
    "C-35 pairs of runs that meet at every node never mix",
    "C-35 runs of two processes on one thread at once never mix",
  ],
  "orders by the clock of the writer": [
    broken.OrdersByClientClock,
    "C-10 a writer whose clock is behind is not overlooked",
    "C-20 the order is that of commits, whatever the clocks said",
    "C-22 before goes by commits, whatever the clocks said",
    "C-10 a turn that ran where the clock is an hour behind is not lost",
    "C-10 C-20 a process whose clock is an hour behind takes its turn like any other",
    "C-10 C-20 a process whose clock is an hour ahead takes its turn like any other",
  ],
  "loses undefined": [broken.LosesUndefined, "C-60 undefined inside: read as it was put"],
  "resurrects a deleted thread": [
    broken.ResurrectsDeletedThreads,
    "C-51 a put of a run that began before the delete is refused, by whichever saver it comes",
    "C-51 late writes of tasks are refused",
  ],
  "leaks across ids by prefix": [
    broken.LeaksAcrossPrefixes,
    "C-03 no string is special: each thread reads its own, and goes alone",
  ],
  "buffers a list": [broken.BuffersLists, "C-21 the first item does not wait for the last"],
  "pages by number": [
    broken.PagesByOffset,
    "C-21 a list goes on correctly while checkpoints are added and the thread is written",
  ],
  "takes limit 0 for none": [broken.TakesLimitZeroForNone, "C-20 limit cuts the list, and 0 yields nothing"],
  "writes a put in halves": [
    broken.WritesPutsInHalves,
    "C-30 a reader sees all of a checkpoint or nothing of it, while it is put",
  ],
  "writes a batch one by one": [
    broken.WritesBatchesOneByOne,
    "C-40 a reader sees all writes of a batch or none, while they are put",
  ],
  "leaves parts of a put that failed": [
    broken.LeavesPartsOfFailedPuts,
    "C-61 what cannot be read again is refused, and nothing of it is stored",
  ],
  "filters by containment": [broken.FiltersByContainment, "C-23 objects and arrays are compared by value, and whole"],
  "counts a checkpoint as before itself": [
    broken.BeforeIncludesItself,
    "C-22 before lists what was committed before that checkpoint",
  ],
  "ignores that a special write replaces": [
    broken.IgnoresSpecialReplacement,
    "C-41 a second special write of a task replaces the first",
    "C-41 in a mixed batch, special writes replace and ordinary ones are kept",
  ],
  "sorts writes by task": [broken.SortsWritesByTask, "C-42 writes with a task path come last, by path, task and position"],
  "moves what is put again": [
    broken.MovesWhatIsPutAgain,
    "C-31 the same id again replaces content and metadata, and keeps its place",
  ],
  "hands the caller's config back": [broken.HandsConfigBack, "C-12 nothing of the caller's config comes back in the tuple's"],
  "finds the latest of any namespace": [
    broken.FindsLatestOfAnyNamespace,
    "C-10 without a checkpoint id, the latest checkpoint of the namespace is read",
  ],
  "keeps the value itself": [broken.KeepsReferences, "C-36 put and putWrites take values as they are at the call"],
  "loses metadata": [broken.KeepsKnownMetadata, "C-64 metadata is read as it was put"],
  "inherits writes": [broken.InheritsWrites, "C-40 a checkpoint without writes has none, also after its child was put"],
  "has no fence": [broken.HasNoFence, "C-91 while a lease is live, only its token writes, in subgraphs too"],
  "accepts old tokens": [broken.AcceptsOldTokens, "C-91 the token of a lease that has ended writes nothing"],
  "releases without comparing": [
    broken.ReleasesWithoutComparing,
    "C-91 the release of a lease that somebody else has by now frees nothing",
  ],
  "begins tokens anew": [broken.BeginsTokensAnew, "C-91 tokens grow, across savers, crashes and deletes"],
  "grants a lease twice": [
    broken.GrantsTwice,
    "C-90 one holder at a time; the others are told who it is",
    "C-90 of many who ask at once, one gets it",
  ],
  "resumes what waits for a human": [
    broken.ResumesWhatWaits,
    "C-96 one that was released, is live, waits for a human or has no checkpoint is not abandoned",
  ],
  "acknowledges a put before it is sent": [
    "acknowledgesTooEarly",
    "C-30 C-40 a process that is killed between any two calls has lost nothing that it was told is stored",
  ],
  "writes a put in halves, and dies between them": [
    "putsInHalves",
    "C-30 C-40 of a call in whose middle its process is killed, all is there or nothing",
  ],
  "writes a batch one by one, and dies between them": [
    "writesOneByOne",
    "C-30 C-40 of a call in whose middle its process is killed, all is there or nothing",
  ],
  "does not see what other processes write": [
    "readsFromItsCache",
    "C-13 what one process has put is what the others read: values, order, parents and writes",
  ],
  "writes whole threads back": [
    "writesThreadsBack",
    "C-13 C-30 processes that write one thread at once lose nothing of each other",
  ],
  "creates what another process has created": [
    "createsWhatMayBeThere",
    "C-80 processes that set up one empty store at once all succeed, and see one store",
  ],
  "gives up when a connection is cut": [
    broken.GivesUpWhatWasCut,
    "C-70 a run whose connections are cut goes on, and nobody notices",
  ],
  "never connects again": [
    broken.NeverConnectsAgain,
    "C-71 connections that are cut while nobody uses them end no process, and others take their place",
    "C-71 a run whose connections are cut ends well or with one error; what was acknowledged is whole, and the thread goes on",
  ],
  "passes on what the connection says": [
    broken.PassesConnectionErrorsOn,
    "C-71 connections that are cut while nobody uses them end no process, and others take their place",
  ],
  "loses what it has acknowledged when a connection is cut": [
    broken.LosesWhatWasCut,
    "C-71 a run whose connections are cut ends well or with one error; what was acknowledged is whole, and the thread goes on",
  ],
  "ignores conflicts": [broken.IgnoresConflicts, "C-95 a put on a head that has moved is refused, and stores nothing"],
};

const cases = new Map(allSuites.flatMap((suite) => suite.cases.map((each) => [each.title, each] as const)));

describe("a saver that", () => {
  for (const [fault, [by, ...titles]] of Object.entries(faults)) {
    it(`${fault} is caught by the case that is there for it`, { timeout: 180_000 }, async () => {
      const broken: ReferenceFaults = typeof by === "string" ? { remote: by } : { Saver: by };
      for (const title of titles) {
        const found = cases.get(title);
        if (found === undefined) throw new Error(`There is no case "${title}"`);
        await expect(runCase(referenceTarget(fault, broken), found, { timeout: 60_000 }), title).rejects.toThrow();
        // It is the fault that the case notices: without it, it passes.
        await runCase(referenceTarget("the reference saver"), found, { timeout: 60_000 });
      }
    });
  }
});

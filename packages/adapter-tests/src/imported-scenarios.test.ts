import { type ConformanceTarget, runCase, whyNot } from "@holdfast/checkpoint-conformance/runner";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { importedThreads } from "./imported-scenarios.js";

/** Takes no task paths, as an import that does not pass them on leaves them out. */
class DropsTaskPaths extends MemorySaver {
  override putWrites(...[config, writes, taskId]: Parameters<MemorySaver["putWrites"]>): Promise<void> {
    return super.putWrites(config, writes, taskId);
  }
}

const no = { no: "MemorySaver takes what it is given" };

const targetOn = (store: MemorySaver): ConformanceTarget => ({
  name: "in memory",
  supports: { losslessValues: no, incrementalChannels: no, exactConfig: no },
  open: async () => store,
  close: async () => undefined,
});

describe("the scenarios of imported threads", () => {
  for (const each of importedThreads.cases) {
    if (whyNot(targetOn(new MemorySaver()), each) !== undefined) continue;

    it(`C-110 where the import keeps the order of writes, it passes: ${each.title}`, () =>
      runCase(targetOn(new MemorySaver()), each));

    if (each.options.feature !== "taskPaths") continue;

    it(`C-110 where it drops the task paths, it fails: ${each.title}`, async () => {
      await expect(runCase(targetOn(new DropsTaskPaths()), each)).rejects.toThrow(/differs from MemorySaver/);
    });
  }
});

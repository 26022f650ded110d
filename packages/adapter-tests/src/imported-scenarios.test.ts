import { runCase } from "@holdfast/checkpoint-conformance/runner";
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

const run = (store: MemorySaver): Promise<unknown> => {
  const supports = { losslessValues: no, incrementalChannels: no, exactConfig: no };
  const target = { name: "in memory", supports, open: async () => store, close: async () => undefined };
  return Promise.all(importedThreads.cases.map((each) => runCase(target, each)));
};

describe("the scenarios of imported threads", () => {
  it("C-110 pass where the import keeps the order of writes", () => run(new MemorySaver()));

  it("C-110 fail where it drops the task paths", async () => {
    await expect(run(new DropsTaskPaths())).rejects.toThrow(/differs from MemorySaver/);
  });
});

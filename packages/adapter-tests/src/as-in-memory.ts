import { checkpointConformance } from "@holdfast/checkpoint-conformance";
import { afterAll, beforeAll, expect, it } from "vitest";
import { agents } from "./agents/scenarios.js";
import { importedThreads } from "./imported-scenarios.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

const suites = [agents, importedThreads];

/** Registers the scenarios that need more than LangGraph: other packages, or what only savers of ours have. */
export function asInMemoryTests(name: string, target: Pick<AdapterTarget, "openStore" | "open" | "close">): void {
  let store: TestStore;
  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(() => store.drop());
  const open = async (): Promise<TestedSaver> => target.open(store.url);
  checkpointConformance(
    { name, open, close: (saver) => target.close(saver as TestedSaver) },
    { suites, expectedCases: suites.flatMap(({ cases }) => cases).length },
  );

  it("C-29 verify finds nothing wrong with what the scenarios have left", async () => {
    const saver = target.open(store.url);
    const { threads, problems } = await saver.verify();
    await target.close(saver);
    expect(threads).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });
}

import { checkpointConformance } from "@holdfast/checkpoint-conformance";
import { afterAll, beforeAll } from "vitest";
import type { AdapterTarget, TestedSaver, TestStore } from "../target.js";
import { agents } from "./scenarios.js";

/** Registers the agents' scenarios: the adapter reads as `MemorySaver` does. */
export function agentTests(name: string, { openStore, open, close }: Pick<AdapterTarget, "openStore" | "open" | "close">): void {
  let store: TestStore;
  beforeAll(async () => {
    store = await openStore();
  });
  afterAll(() => store.drop());
  checkpointConformance(
    { name, open: async () => open(store.url), close: (saver) => close(saver as TestedSaver) },
    { suites: [agents], expectedCases: agents.cases.length },
  );
}

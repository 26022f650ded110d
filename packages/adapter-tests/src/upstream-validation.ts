import { deltaChannelHistoryTests, specTest } from "@langchain/langgraph-checkpoint-validation";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

export interface UpstreamTarget extends Pick<AdapterTarget, "openStore" | "open" | "close"> {
  /** Of the package; upstream's titles have it. */
  readonly name: string;
}

/** Registers upstream's own suite, each of its cases on a store of its own. */
export function upstreamValidation({ name, openStore, open, close }: UpstreamTarget): void {
  // Upstream's suite is written for vitest's globals.
  Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });
  const stores = new Map<TestedSaver, TestStore>();
  const initializer = {
    checkpointerName: name,
    async createCheckpointer(): Promise<TestedSaver> {
      const store = await openStore();
      const saver = open(store.url);
      stores.set(saver, store);
      return saver;
    },
    async destroyCheckpointer(saver: TestedSaver): Promise<void> {
      await close(saver);
      await stores.get(saver)?.drop();
      stores.delete(saver);
    },
  };

  describe("upstream's validation, in full: the floor", () => {
    specTest(initializer);
    deltaChannelHistoryTests(initializer);
  });
}

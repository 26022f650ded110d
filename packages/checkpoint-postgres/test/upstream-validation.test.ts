import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { deltaChannelHistoryTests, specTest } from "@langchain/langgraph-checkpoint-validation";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { databaseWithTables } from "./saver-database.js";

// Upstream's suite is written for vitest's globals.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

const databases = new Map<PostgresSaver, TestDatabase>();

const initializer = {
  checkpointerName: "@holdfast/checkpoint-postgres",
  async createCheckpointer(): Promise<PostgresSaver> {
    const database = await databaseWithTables();
    const saver = PostgresSaver.fromConnString(database.url, { poolSize: 2 });
    databases.set(saver, database);
    return saver;
  },
  async destroyCheckpointer(saver: PostgresSaver): Promise<void> {
    await saver.end();
    await databases.get(saver)?.drop();
  },
};

describe("upstream's validation, in full: the floor", () => {
  specTest(initializer);
  deltaChannelHistoryTests(initializer);
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConformanceTarget, SpawnedTarget } from "@holdfast/checkpoint-conformance/runner";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import Database from "better-sqlite3";
import { notUpstream } from "../by-design.js";

const savers = (file: string) =>
  ({
    name: "@langchain/langgraph-checkpoint-sqlite",
    open: async ({ serde } = {}) => new SqliteSaver(new Database(file), serde),
    close: async (saver) => void (saver as SqliteSaver).db.close(),
  }) satisfies SpawnedTarget;

/**
 * The official saver, on a file; each saver has a connection of its own, as another process would. In another process, on the file of the process
 * that started it.
 */
export default function officialSqlite(given?: string): ConformanceTarget | SpawnedTarget {
  if (given !== undefined) return savers(given);
  const folder = mkdtempSync(join(tmpdir(), "conformance-sqlite-"));
  const file = join(folder, "checkpoints.sqlite");
  return {
    ...savers(file),
    supports: notUpstream,
    spawn: () => ({ module: import.meta.url, store: file }),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

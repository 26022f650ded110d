import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConformanceTarget } from "@holdfast/checkpoint-conformance/runner";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import Database from "better-sqlite3";
import { notUpstream } from "../by-design.js";

/** The official saver, on a file; each saver has a connection of its own, as another process would. */
export default function officialSqlite(): ConformanceTarget {
  const folder = mkdtempSync(join(tmpdir(), "conformance-sqlite-"));
  return {
    name: "@langchain/langgraph-checkpoint-sqlite",
    supports: notUpstream,
    open: async ({ serde } = {}) => new SqliteSaver(new Database(join(folder, "checkpoints.sqlite")), serde),
    close: async (saver) => void (saver as SqliteSaver).db.close(),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

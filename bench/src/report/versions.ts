import { readFileSync } from "node:fs";
import { startPostgres, startRedis } from "@holdfast/test-servers";
import type { Store } from "../scenario.js";

/** Of what is measured, and of what it runs on. */
export async function versions(stores: readonly Store[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {
    Node: process.versions.node,
    LangGraph: versionOf("@langchain/langgraph"),
    "official Postgres saver": versionOf("@langchain/langgraph-checkpoint-postgres"),
    pg: versionOf("pg"),
    ioredis: versionOf("ioredis"),
  };
  if (stores.includes("postgres")) {
    const server = await startPostgres({ private: true });
    found.PostgreSQL = server.version;
    await server.stop();
  }
  if (stores.includes("redis")) {
    const server = await startRedis({ private: true });
    found.Redis = server.version;
    await server.stop();
  }
  return found;
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

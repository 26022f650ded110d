import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { createDatabase, ensureTemplate, type TestDatabase } from "@holdfast/test-servers";
import { inject } from "vitest";

/** A database of its own in which `setup()` has run: a copy of a template, made in milliseconds. */
export async function databaseWithTables(): Promise<TestDatabase> {
  const server = inject("holdfastPostgresUrl");
  await ensureTemplate(server, "official_template", async (url) => {
    const saver = PostgresSaver.fromConnString(url);
    await saver.setup();
    await saver.end();
  });
  return createDatabase(server, { template: "official_template" });
}

/** An empty database of its own. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return createDatabase(inject("holdfastPostgresUrl"));
}

import type { TestProject } from "vitest/node";
import { dropTemplates } from "./database.js";
import { startPostgres } from "./postgres-server.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser on the PostgreSQL server of this run; take a database of your own with `createDatabase`. */
    holdfastPostgresUrl: string;
  }
}

/** One server per run, since starting one takes seconds; each test file takes a database of its own, which takes milliseconds. */
export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ durable: false });
  if (postgres.source === "url") await dropTemplates(postgres.url);
  project.provide("holdfastPostgresUrl", postgres.url);
  return () => postgres.stop();
}

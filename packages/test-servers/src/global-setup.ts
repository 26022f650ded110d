import type { TestProject } from "vitest/node";
import { dropTemplates } from "./database.js";
import { startPostgres } from "./postgres-server.js";
import { startRedis } from "./redis-server.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser on the PostgreSQL server of this run; take a database of your own with `createDatabase`. */
    holdfastPostgresUrl: string;
    /** The Redis server of this run, which all test files share: keep to keys with a prefix of your own. */
    holdfastRedisUrl: string;
  }
}

/** One server of each kind per run, since starting PostgreSQL takes seconds; each test file keeps to a part of its own. */
export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const outcomes = await Promise.allSettled([startPostgres({ durable: false }), startRedis()]);
  const stop = async () => {
    await Promise.all(outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.stop() : undefined)));
  };
  const [postgres, redis] = outcomes;
  if (postgres.status === "rejected" || redis.status === "rejected") {
    await stop();
    throw postgres.status === "rejected" ? postgres.reason : (redis as PromiseRejectedResult).reason;
  }
  if (postgres.value.source === "url") await dropTemplates(postgres.value.url);
  project.provide("holdfastPostgresUrl", postgres.value.url);
  project.provide("holdfastRedisUrl", redis.value.url);
  return stop;
}

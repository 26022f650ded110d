import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startPostgres, startRedis } from "@holdfast/test-servers";
import { buildSqlite } from "./build-sqlite.js";
import { page } from "./page.js";
import { type Outcome, runSystem, versionOf } from "./run-system.js";
import { systems } from "./systems.js";

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs the suite on every system, or on those that are named, and prints how far each gets. All of them, and the page is written. */
async function main(wanted: readonly string[]): Promise<void> {
  const chosen = systems.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  const [postgres, redis] = await Promise.all([startPostgres({ durable: false }), startRedis()]);
  try {
    const outcomes: Outcome[] = [];
    for (const system of chosen) {
      const reason = system.store === "SQLite" ? buildSqlite() : undefined;
      const servers = { HOLDFAST_POSTGRES_URL: postgres.url, HOLDFAST_REDIS_URL: redis.url };
      const outcome: Outcome =
        reason === undefined
          ? await runSystem(system, servers)
          : { system, version: versionOf(system.packageName), notRun: reason };
      outcomes.push(outcome);
      print(
        `${system.column.padEnd(20)}${"notRun" in outcome ? `not run: ${outcome.notRun}` : `level ${outcome.report.level ?? "none"}`}`,
      );
    }
    if (chosen.length < systems.length) return;
    const versions = { Node: process.versions.node, PostgreSQL: postgres.version, Redis: redis.version };
    writeFileSync(fromRoot("docs/conformance.md"), page(outcomes, readFileSync(fromRoot("docs/contract.md"), "utf8"), versions));
    print("docs/conformance.md is written.");
  } finally {
    await Promise.all([postgres.stop(), redis.stop()]);
  }
}

await main(process.argv.slice(2));

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startPostgres, startRedis } from "@holdfast/test-servers";
import { buildSqlite } from "./build-sqlite.js";
import { page, summaryTable } from "./page.js";
import { readReproductions } from "./reproductions.js";
import { type Outcome, runSystem, versionOf } from "./run-system.js";
import { type System, systems } from "./systems.js";

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const OUTCOMES = fileURLToPath(new URL("./outcomes.json", import.meta.url));

const print = (text: string): void => void process.stdout.write(`${text}\n`);

interface Run {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly outcomes: readonly Outcome[];
}

async function runAll(chosen: readonly System[]): Promise<Run> {
  const [postgres, redis] = await Promise.all([startPostgres({ durable: false }), startRedis()]);
  const servers = { HOLDFAST_POSTGRES_URL: postgres.url, HOLDFAST_REDIS_URL: redis.url };
  const outcomes: Outcome[] = [];
  try {
    for (const system of chosen) {
      const notRun = system.store === "SQLite" ? buildSqlite() : undefined;
      const version = versionOf(system.packageName);
      const outcome: Outcome = notRun === undefined ? await runSystem(system, servers) : { system, version, notRun };
      outcomes.push(outcome);
      const level = "notRun" in outcome ? `not run: ${outcome.notRun}` : `level ${outcome.report.level ?? "none"}`;
      print(`${system.column.padEnd(20)}${level}`);
    }
  } finally {
    await Promise.all([postgres.stop(), redis.stop()]);
  }
  const versions = { Node: process.versions.node, PostgreSQL: postgres.version, Redis: redis.version };
  return { date: new Date().toISOString().slice(0, 10), versions, outcomes };
}

function writePage(run: Run): void {
  const contract = readFileSync(fromRoot("docs/contract.md"), "utf8");
  const reproductions = readReproductions(fromRoot("docs/conformance"));
  writeFileSync(fromRoot("docs/conformance.md"), page({ ...run, contract, reproductions }));
  print("docs/conformance.md is written.");
}

/**
 * Runs the suite on every system, or on those that are named, and prints how far each gets. Those that are not run keep what they had; with all of
 * them there, the page is written. `--page` writes it again and runs nothing.
 */
async function main(args: readonly string[]): Promise<void> {
  const before = existsSync(OUTCOMES) ? (JSON.parse(readFileSync(OUTCOMES, "utf8")) as Run) : undefined;
  if (args.includes("--page") && before !== undefined) return writePage(before);
  const run = await runAll(systems.filter(({ id }) => args.length === 0 || args.includes(id)));
  const outcomeOf = ({ id }: System): Outcome | undefined =>
    [...run.outcomes, ...(before?.outcomes ?? [])].find(({ system }) => system.id === id);
  const all = { ...run, outcomes: systems.flatMap((system) => outcomeOf(system) ?? []) };
  writeFileSync(OUTCOMES, JSON.stringify(all));
  print(`\n${summaryTable(all.outcomes)}`);
  if (all.outcomes.length === systems.length) writePage(all);
}

await main(process.argv.slice(2));

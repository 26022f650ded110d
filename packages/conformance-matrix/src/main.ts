import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createDatabase, startPostgres, startRedis } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { buildSqlite } from "./build-sqlite.js";
import { page, redCellsWithoutProgram, summaryTable } from "./page.js";
import { readReproductions } from "./reproductions.js";
import { failureOf } from "./run-reproduction.js";
import { type Outcome, runSystem, versionOf } from "./run-system.js";
import { type System, systems } from "./systems.js";

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const OUTCOMES = fileURLToPath(new URL("./outcomes.json", import.meta.url));

const print = (text: string): void => void process.stdout.write(`${text}\n`);

interface Run {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly outcomes: readonly Outcome[];
  /** The programs of docs/conformance/ that failed as they say. */
  readonly reproduced: readonly string[];
}

/** What keeps a system from being run here; undefined when nothing does. */
async function obstacle(
  { id, store }: System,
  redis: { readonly url: string; readonly version: string },
): Promise<string | undefined> {
  if (store === "SQLite") return buildSqlite();
  if (id !== "official-redis") return undefined;
  const client = new Redis(redis.url);
  try {
    const known = (await client.call("COMMAND", "INFO", "JSON.SET", "FT.SEARCH")) as unknown[];
    return known.includes(null)
      ? `it needs the modules RedisJSON and RediSearch, and Redis ${redis.version} has none; with \`HOLDFAST_REDIS_URL\` of a Redis 8, which has both, the matrix runs it`
      : undefined;
  } finally {
    client.disconnect();
  }
}

/** The programs that still fail as they say. One that does not is named, and is not linked. */
async function reproduce(serverUrl: string, canRunSqlite: boolean): Promise<string[]> {
  const reproduced: string[] = [];
  for (const { file, systems: shownOn } of readReproductions(fromRoot("docs/conformance"))) {
    if (shownOn.join() === "official-sqlite" && !canRunSqlite) continue;
    const database = await createDatabase(serverUrl);
    const failure = await failureOf(file, database.url);
    await database.drop();
    if (failure?.includes("AssertionError")) reproduced.push(file);
    else print(`${file} does not fail as it says: ${failure ?? "it passes"}`);
  }
  return reproduced;
}

async function runAll(chosen: readonly System[]): Promise<Run> {
  const [postgres, redis] = await Promise.all([startPostgres({ durable: false }), startRedis()]);
  const servers = { HOLDFAST_POSTGRES_URL: postgres.url, HOLDFAST_REDIS_URL: redis.url };
  const outcomes: Outcome[] = [];
  let reproduced: readonly string[] = [];
  try {
    for (const system of chosen) {
      const notRun = await obstacle(system, redis);
      const version = versionOf(system.packageName);
      const outcome: Outcome = notRun === undefined ? await runSystem(system, servers) : { system, version, notRun };
      outcomes.push(outcome);
      const level = "notRun" in outcome ? `not run: ${outcome.notRun}` : `level ${outcome.report.level ?? "none"}`;
      print(`${system.column.padEnd(20)}${level}`);
    }
    const canRunSqlite = outcomes.some((outcome) => outcome.system.store === "SQLite" && "report" in outcome);
    if (chosen.length === systems.length) reproduced = await reproduce(postgres.url, canRunSqlite);
  } finally {
    await Promise.all([postgres.stop(), redis.stop()]);
  }
  const versions = { Node: process.versions.node, PostgreSQL: postgres.version, Redis: redis.version };
  return { date: new Date().toISOString().slice(0, 10), versions, outcomes, reproduced };
}

function writePage(run: Run): void {
  const contract = readFileSync(fromRoot("docs/reference/contract.md"), "utf8");
  const reproductions = readReproductions(fromRoot("docs/conformance")).filter(({ file }) => run.reproduced.includes(file));
  const input = { ...run, contract, reproductions };
  writeFileSync(fromRoot("docs/conformance.md"), page(input));
  print("docs/conformance.md is written.");
  const unshown = redCellsWithoutProgram(input);
  if (unshown.length === 0) return;
  print(`No program of docs/conformance shows ${unshown.join(", ")}.`);
  process.exitCode = 1;
}

/**
 * Runs the suite on every system and writes the page; or on those that are named, and prints how far each gets. `--page` writes the page of the last
 * full run again.
 */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--page")) return writePage(JSON.parse(readFileSync(OUTCOMES, "utf8")) as Run);
  const run = await runAll(systems.filter(({ id }) => args.length === 0 || args.includes(id)));
  print(`\n${summaryTable(run.outcomes)}`);
  if (args.length > 0) return;
  writeFileSync(OUTCOMES, JSON.stringify(run));
  writePage(run);
}

await main(process.argv.slice(2));

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runIsolated } from "./isolated-run.js";
import { includesLevel, type Level, levelOf, levels } from "./levels.js";
import { UnusableTargetError } from "./load-target.js";
import { type CaseResult, caseLine, type Report, reportOf, summary } from "./report.js";
import { casesOf, DEFAULT_TIMEOUT_MS } from "./run.js";
import { randomCommands } from "./suites/random-programs.js";
import { ownVersion, versionsAround } from "./versions.js";

const USAGE = `Usage: checkpoint-conformance <module> [options]

Runs the checkpoint contract on the saver that <module> gives: a JavaScript file whose default export is
{ name, open, close, … }, or a function that returns it.

  --level LEVEL    fail unless this level is reached: ${levels.join(", ")} (default: base)
  --json FILE      write the report as JSON
  --only TEXT      run only the cases whose suite or title contains TEXT; fail when one fails
  --timeout MS     give a case up after so many milliseconds (default: ${DEFAULT_TIMEOUT_MS})
  --commands N     run N random commands instead of the cases
  --seed N         of the random commands (default: another one each time)
  --list           print the cases and their levels
  --quiet          print failures and the summary only
  --version, --help

Exit status: 0 the level is reached, 1 it is not, 2 nothing could be run.
`;

class UsageError extends Error {}

const options = {
  level: { type: "string", default: "base" },
  json: { type: "string" },
  only: { type: "string", default: "" },
  timeout: { type: "string", default: `${DEFAULT_TIMEOUT_MS}` },
  commands: { type: "string" },
  seed: { type: "string" },
  list: { type: "boolean", default: false },
  quiet: { type: "boolean", default: false },
  version: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function integer(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new UsageError(`--${name} must be an integer from ${least} on.`);
  return value;
}

const isLevel = (text: string): text is Level => (levels as readonly string[]).includes(text);

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const caseList = (): string =>
  casesOf()
    .map(({ suite, conformanceCase }) => `${levelOf(suite, conformanceCase).padEnd(11)}${suite.name}: ${conformanceCase.title}`)
    .join("\n");

/** Runs what the command line asks for; the exit status. */
async function main(args: readonly string[]): Promise<0 | 1> {
  const { values, positionals } = parse(args);
  if (values.help || values.version || values.list) {
    print(values.help ? USAGE : values.version ? ownVersion() : caseList());
    return 0;
  }
  const [path, ...more] = positionals;
  if (path === undefined) throw new UsageError("Which module? Give the path of a JavaScript file.");
  if (more.length > 0) throw new UsageError(`One module at a time: what is ${more.join(" ")}?`);
  const { level, only } = values;
  if (!isLevel(level)) throw new UsageError(`There is no level ${level}. The levels are ${levels.join(", ")}.`);
  const timeout = integer("timeout", values.timeout, 1);
  const seed = integer("seed", values.seed ?? `${Date.now() % 2 ** 31}`, 0);
  const commands = values.commands === undefined ? undefined : integer("commands", values.commands, 1);
  const cases = commands === undefined ? casesOf(undefined, only) : casesOf([randomCommands({ commands, seed })]);
  if (cases.length === 0) throw new UsageError(`No case contains "${only}".`);

  const results: CaseResult[] = [];
  let name = path;
  let suite: string | undefined;
  await runIsolated({
    path,
    only,
    timeout,
    seed,
    ...(commands === undefined ? {} : { commands }),
    cases,
    onName: (given) => {
      name = given;
    },
    onResult: (result) => {
      results.push(result);
      if (values.quiet && result.status !== "failed") return;
      if (result.suite !== suite) print(`\n${result.suite}`);
      suite = result.suite;
      print(caseLine(result));
    },
  });

  const report: Report = reportOf(name, results, versionsAround(path));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  const failed = results.filter(({ status }) => status === "failed").length;
  // A part of the cases says nothing about a level.
  if (only !== "" || commands !== undefined) {
    print(`\n${name}: ${failed} of ${results.length} cases failed`);
    return failed === 0 ? 0 : 1;
  }
  print(`\n${summary(report)}`);
  if (report.level !== null && includesLevel(report.level, level)) return 0;
  print(`Asked for: ${level}`);
  return 1;
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const known = error instanceof UsageError || error instanceof UnusableTargetError;
    process.stderr.write(`${known ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
    process.exitCode = 2;
  },
);

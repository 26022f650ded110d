/** Benchmarks: Holdfast beside the official savers, on real servers, as ratios measured in one run. See `bench/README.md`. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { markdown, type Table } from "./report.js";
import type { Scenario } from "./scenario.js";
import { chat } from "./scenarios/chat.js";
import { exclusiveRuns } from "./scenarios/exclusive.js";
import { redisMemory } from "./scenarios/redis-memory.js";
import { redisScripts } from "./scenarios/redis-scripts.js";
import { unrelatedKeys } from "./scenarios/unrelated-keys.js";

const scenarios: Readonly<Record<string, Scenario>> = {
  chat,
  exclusive: exclusiveRuns,
  "unrelated-keys": unrelatedKeys,
  "redis-memory": redisMemory,
  "redis-scripts": redisScripts,
};

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    transcripts: { type: "string" },
    json: { type: "string" },
    markdown: { type: "string" },
  },
});

const chosen = options.only ?? Object.keys(scenarios);
const tables: Table[] = [];
for (const name of chosen) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`There is no scenario ${name}. There are ${Object.keys(scenarios).join(", ")}.`);
  const progress = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
  tables.push(...(await scenario({ quick: options.quick, transcripts: options.transcripts, progress })));
}

const machine = `${cpus().length} x ${cpus()[0]?.model ?? "CPU"}, Node ${process.version}`;
const report = { date: new Date().toISOString().slice(0, 10), machine, langgraph: versionOf("@langchain/langgraph"), tables };
const command = `npx --yes pnpm@10.34.8 bench${options.quick ? " --quick" : ""}${options.transcripts === undefined ? "" : " --transcripts FILE"}`;
const page = ["# Performance", "", `Written by \`${command}\` on ${report.date}: ${machine}, LangGraph ${report.langgraph}.`]
  .concat("Times are of this machine; ratios are of one run. How it is measured: [bench/README.md](../bench/README.md).", "")
  .concat(tables.map(markdown))
  .join("\n");
console.log(page);
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
if (options.markdown !== undefined) await writeFile(options.markdown, page);

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

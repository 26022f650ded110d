/**
 * Benchmarks: Holdfast beside the official savers, on real servers, as ratios measured in one run. See `bench/README.md`.
 *
 * A full run writes docs/performance.md, its pictures and docs/performance/results.json; a part of one prints its tables.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { performancePage } from "./report/page.js";
import { type Results, readResults, writeResults } from "./report/results.js";
import { markdown } from "./report/table.js";
import { versions } from "./report/versions.js";
import { type Outcome, runScenario } from "./run-scenario.js";
import type { Store } from "./scenario.js";
import { scenarios } from "./scenarios.js";

const STORES: readonly Store[] = ["postgres", "redis"];
const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    store: { type: "string" },
    quick: { type: "boolean", default: false },
    transcripts: { type: "string" },
    json: { type: "string" },
    page: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});

const chosen = options.only ?? Object.keys(scenarios);
const unknown = chosen.find((name) => !(name in scenarios));
if (unknown !== undefined) throw new Error(`There is no scenario ${unknown}. There are ${Object.keys(scenarios).join(", ")}.`);
const stores = options.store === undefined ? STORES : STORES.filter((store) => store === options.store);
if (stores.length === 0) throw new Error(`There is no store ${options.store}. There are ${STORES.join(", ")}.`);

// The profiler takes time of its own.
if (options.profile && options.json !== undefined) throw new Error("--profile is for reading: what it measures is not kept.");
const isFull = !options.profile && options.only === undefined && options.store === undefined && !options.quick;
const json =
  options.json === undefined ? (isFull || options.page ? `${DOCS}performance/results.json` : undefined) : resolve(options.json);

if (options.page) writePage(json === undefined ? undefined : readResults(json));
else process.exitCode = (await measure()) ? 0 : 1;

/** @returns whether no scenario failed. */
async function measure(): Promise<boolean> {
  const circumstances = {
    machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "CPU"}, ${process.platform}`,
    versions: await versions(stores),
  };
  // What --only measures again takes the place of what the file has of it.
  const earlier = json === undefined || options.only === undefined ? undefined : readResults(json)?.outcomes;
  const measured: Record<string, Outcome> = {};
  for (const name of chosen) {
    const tell = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
    const outcome = await runScenario(
      name,
      {
        quick: options.quick,
        stores,
        transcripts: options.transcripts && resolve(options.transcripts),
        profile: options.profile,
      },
      tell,
    );
    measured[name] = outcome;
    tell(
      "failure" in outcome
        ? `failed after ${outcome.seconds.toFixed(0)} s: ${outcome.failure}`
        : `${outcome.seconds.toFixed(0)} s`,
    );
    if ("findings" in outcome) console.log(outcome.findings.tables.map(markdown).join("\n"));
    // After each: what ends the run does not take what was measured.
    if (json !== undefined) writeResults(json, { ...circumstances, outcomes: inOrder({ ...earlier, ...measured }) });
  }
  const seconds = Object.values(measured).reduce((sum, outcome) => sum + outcome.seconds, 0);
  process.stderr.write(`${(seconds / 60).toFixed(1)} minutes in all\n`);
  if (isFull && json !== undefined) writePage(readResults(json));
  return Object.values(measured).every((outcome) => "findings" in outcome);
}

function inOrder(outcomes: Readonly<Record<string, Outcome>>): Record<string, Outcome> {
  return Object.fromEntries(
    Object.keys(scenarios).flatMap((name) => (outcomes[name] === undefined ? [] : [[name, outcomes[name]]])),
  );
}

function writePage(results: Results | undefined): void {
  if (results === undefined) throw new Error(`There are no results in ${json}: run the benchmarks first.`);
  const { page, pictures } = performancePage(results);
  mkdirSync(`${DOCS}performance`, { recursive: true });
  writeFileSync(`${DOCS}performance.md`, page);
  for (const [file, picture] of Object.entries(pictures)) writeFileSync(`${DOCS}performance/${file}`, picture);
  process.stderr.write("docs/performance.md is written\n");
}

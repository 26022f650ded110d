/** Benchmarks: Holdfast beside the official savers, on real servers, as ratios measured in one run. See `bench/README.md`. */
import { parseArgs } from "node:util";
import { markdown } from "./report/table.js";
import { runScenario } from "./run-scenario.js";
import type { Store } from "./scenario.js";
import { scenarios } from "./scenarios.js";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    store: { type: "string", multiple: true, default: ["postgres", "redis"] },
    quick: { type: "boolean", default: false },
    transcripts: { type: "string" },
  },
});
for (const name of options.only ?? Object.keys(scenarios)) {
  const outcome = await runScenario(
    name,
    { quick: options.quick, stores: options.store as Store[], transcripts: options.transcripts },
    (text) => process.stderr.write(`${name}: ${text}\n`),
  );
  process.stderr.write(`${name}: ${outcome.seconds.toFixed(0)} s\n`);
  if ("failure" in outcome) console.error(outcome.failure);
  else console.log(outcome.findings.tables.map(markdown).join("\n"));
}

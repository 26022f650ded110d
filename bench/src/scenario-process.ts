/** Runs one scenario in a process of its own: none is measured on the heap that another one left, and one that ends its process ends no other. */
import type { Findings, RunOptions } from "./scenario.js";
import { scenarios } from "./scenarios.js";

/** What the process tells. */
export type ScenarioMessage = { readonly progress: string } | { readonly findings: Findings } | { readonly failure: string };

function tell(message: ScenarioMessage): void {
  process.send?.(message);
}

const [name = "", options = "{}"] = process.argv.slice(2);
const cleanups: (() => unknown)[] = [];
try {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
  const findings = await scenario({
    ...(JSON.parse(options) as RunOptions),
    progress: (progress) => tell({ progress }),
    atEnd: (cleanup) => void cleanups.unshift(cleanup),
  });
  tell({ findings });
} catch (error) {
  tell({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
} finally {
  for (const cleanup of cleanups) {
    try {
      await cleanup();
    } catch (error) {
      tell({ progress: `cleaning up: ${String(error)}` });
    }
  }
  process.disconnect();
}

/** Runs one scenario in a process of its own: none is measured on the heap that another one left, and one that ends its process ends no other. */
import { startProfile } from "./measuring/profile.js";
import type { Findings, RunOptions } from "./scenario.js";
import { scenarios } from "./scenarios.js";

/** What the process tells. */
export type ScenarioMessage = { readonly progress: string } | { readonly findings: Findings } | { readonly failure: string };

function tell(message: ScenarioMessage): void {
  process.send?.(message);
}

const [name = "", given = "{}"] = process.argv.slice(2);
const options = JSON.parse(given) as RunOptions;
const cleanups: (() => unknown)[] = [];
try {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
  const endProfile = options.profile ? await startProfile() : async () => [];
  const findings = await scenario({
    ...options,
    progress: (progress) => tell({ progress }),
    atEnd: (cleanup) => void cleanups.unshift(cleanup),
  });
  tell({ findings: { ...findings, tables: [...findings.tables, ...(await endProfile())] } });
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

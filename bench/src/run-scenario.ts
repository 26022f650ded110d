import { spawnNode } from "@holdfast/test-servers";
import { busyCpus } from "./measuring/busy-cpus.js";
import type { Findings, RunOptions } from "./scenario.js";
import type { ScenarioMessage } from "./scenario-process.js";

/** What became of a scenario. */
export type Outcome = {
  /** When it began. */
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  /** CPUs that were busy in the second before it began: what else the machine did. Absent where that was not measured. */
  readonly busyBefore?: number;
} & ({ readonly findings: Findings } | { readonly failure: string });

/** A scenario that has not ended then is stuck; the slowest takes a fraction of it. */
const LIMIT_MS = 20 * 60_000;

/** Runs a scenario in a process of its own. It never throws: a scenario that fails is an outcome. */
export async function runScenario(name: string, options: RunOptions, progress: (text: string) => void): Promise<Outcome> {
  const busyBefore = await busyCpus();
  const start = performance.now();
  const circumstances = { date: new Date().toISOString(), quick: options.quick, busyBefore };
  const child = await spawnNode(new URL("./scenario-process.mjs", import.meta.url), { args: [name, JSON.stringify(options)] });
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    void child.kill();
  }, LIMIT_MS);
  let result: { readonly findings: Findings } | { readonly failure: string } | undefined;
  for await (const message of child.messages as AsyncIterable<ScenarioMessage>) {
    if ("progress" in message) progress(message.progress);
    else result = message;
  }
  clearTimeout(limit);
  const { code, signal } = await child.exited;
  result ??= {
    failure: isLate
      ? `It had not ended after ${LIMIT_MS / 60_000} minutes.`
      : `Its process ended (code ${code}, signal ${signal}).\n${child.stderr.slice(-4_000)}`,
  };
  return { ...circumstances, seconds: (performance.now() - start) / 1_000, ...result };
}

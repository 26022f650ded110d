import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Outcome } from "../run-scenario.js";

/** What runs found, as it is kept in a file. */
export interface Results {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** By the scenario's name. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, "utf8")) as Results;
}

/** At once or not at all: a run that is ended while it writes does not lose what was there. */
export function writeResults(file: string, results: Results): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(results, undefined, 2)}\n`);
  renameSync(draft, file);
}

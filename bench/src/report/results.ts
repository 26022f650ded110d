import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Outcome } from "../run-scenario.js";

/** What runs found, as it is kept in a file. */
export interface Results {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** By the scenario's name. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

/** `undefined` when there is no such file. */
export function readResults(file: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** At once or not at all: a run that is ended while it writes does not lose what was there. */
export function writeResults(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(results, undefined, 1)}\n`);
  renameSync(draft, file);
}

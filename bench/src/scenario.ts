import type { Plot } from "./report/plot.js";
import type { Table } from "./report/table.js";
import type { Figures } from "./report/targets.js";

export type Store = "postgres" | "redis";

/** What a run of the benchmarks was told. */
export interface RunOptions {
  /** Fewer rounds and smaller sizes: minutes in place of an hour. */
  readonly quick: boolean;
  /** Which stores are measured. What needs another one is left out. */
  readonly stores: readonly Store[];
  /** A file of recorded conversations; what needs them is left out without. */
  readonly transcripts: string | undefined;
  /** Whether it is told, too, what the measured work spends its time on. */
  readonly profile: boolean;
}

/** Has something done when the scenario is over, whether it failed or not; what was given last is done first. */
export type AtEnd = (stop: () => unknown) => void;

export interface Run extends RunOptions {
  /** Tells what has been measured so far. */
  progress(text: string): void;
  readonly atEnd: AtEnd;
}

/** What a scenario found. */
export interface Findings {
  readonly tables: readonly Table[];
  readonly plots?: readonly Plot[];
  /** The figures that targets are set for. */
  readonly figures?: Figures;
}

/** Measures one thing on real servers of its own. */
export type Scenario = (run: Run) => Promise<Findings>;

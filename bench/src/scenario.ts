import type { Table } from "./report.js";

export interface ScenarioOptions {
  /** Fewer rounds and smaller sizes: minutes in place of an hour. */
  readonly quick: boolean;
  /** A file of recorded conversations. */
  readonly transcripts: string | undefined;
  /** Tells what has been measured so far. */
  progress(text: string): void;
}

/** Measures one thing on real servers of its own. */
export type Scenario = (options: ScenarioOptions) => Promise<Table[]>;

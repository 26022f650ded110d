import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Meter } from "../measuring/cost.js";

/** A saver on connections that are counted. */
export interface SaverUnderTest {
  /** Of the database or server, without a detour; empty for what has none. */
  readonly url: string;
  readonly saver: BaseCheckpointSaver;
  readonly meter: Meter;
  /** Another saver on the same connections, that has seen nothing yet: what a worker has that never saw the thread. */
  fresh(): BaseCheckpointSaver;
}

/** What a store costs at the least: bytes in one row or key, by the same driver, on a server with the same settings. */
export interface Floor {
  readonly meter: Meter;
  /** One INSERT, or one SET. */
  write(bytes: Buffer): Promise<void>;
  /** The bytes that were written last, by one SELECT or one GET. */
  read(): Promise<Buffer>;
}

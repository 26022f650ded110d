import type { HoldfastSaver, RetentionOptions } from "@holdfast/checkpoint-core";
import type { AdapterTarget, OpenOptions } from "../target.js";

/** A saver with all that is done to whole threads. */
export interface KeepingSaver extends HoldfastSaver {
  setup(): Promise<unknown>;
}

export interface KeepingOptions extends OpenOptions {
  readonly cacheBytes?: number;
  readonly labels?: readonly string[];
  readonly labelSource?: "configurable" | "metadata";
  readonly retention?: RetentionOptions;
}

/** What lies underneath for a thread, in a raw look such as no saver takes. */
export interface Underneath {
  /** Checkpoints, those that are out of sight included. */
  readonly checkpoints: number;
  readonly segments: number;
  readonly writes: number;
  /**
   * What nothing needs, by name: segments that neither a checkpoint nor a write of the thread leads to, writes to checkpoints that are not there, parts
   * of a thread that is not there.
   */
  readonly orphans: readonly string[];
}

/** What lies underneath for a thread that is not there. */
export const GONE: Underneath = { checkpoints: 0, segments: 0, writes: 0, orphans: [] };

export interface RetentionTarget extends Omit<AdapterTarget, "open"> {
  open(url: string, options?: KeepingOptions): KeepingSaver;
  inspect(url: string, threadId: string): Promise<Underneath>;
  /** Ends the claim of whoever sweeps, as if its time had passed. */
  endSweepClaim(url: string): Promise<unknown>;
  /** Makes it so long ago that a thread was written to. */
  age(url: string, threadId: string, milliseconds: number): Promise<unknown>;
  /** How often a saver has asked its store so far. */
  roundTrips(saver: KeepingSaver): number;
  /** Has something done before each request of a saver reaches its store. */
  beforeEachRequest(saver: KeepingSaver, work: (() => Promise<void>) | undefined): void;
}

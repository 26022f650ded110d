import type { CheckpointKey } from "../config/checkpoint-ref.js";

/** What retention must know of a checkpoint. */
export interface CheckpointSummary extends CheckpointKey {
  readonly parentId: string | undefined;
  /** `metadata.parents`: on which checkpoint of each graph around it a subgraph ran. */
  readonly origins: Readonly<Record<string, string>>;
  /** Channels whose value here is a delta channel's snapshot. */
  readonly snapshots: readonly string[];
  /** Delta channels that have moved on since their last snapshot (`metadata.counters_since_delta_snapshot`). */
  readonly moved: readonly string[];
  /** `metadata.source` is `"update"` or `"fork"`: made by `updateState`, which does not count in `moved`. */
  readonly isUpdate: boolean;
  readonly hasWrites: boolean;
  /** Kept out of sight, for others that need it (`hide` of a retention plan). */
  readonly isHidden: boolean;
  /** How long ago it was committed, in milliseconds, by the clock of the store. */
  readonly ageMs: number;
  /** The run that made it, where it is labelled with one. */
  readonly runId: string | undefined;
}

/** One that is to go, as it was when that was decided. */
export interface RemovedCheckpoint extends CheckpointKey {
  readonly hasWrites: boolean;
}

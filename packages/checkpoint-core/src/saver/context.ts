import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { oneOf } from "../config/options.js";
import type { LabelNames } from "../config/run-config.js";
import type { SizeLimits } from "../format/segment-reader.js";
import type { ThreadSource } from "../migration/thread-source.js";
import type { Retention } from "../retention/sweep.js";
import type { ValueSerializer } from "../serializer/value-serializer.js";
import type { CheckpointStore, ThreadGuard } from "../store/checkpoint-store.js";
import type { CheckpointCache, ThreadLives } from "./cache.js";
import type { ParentsFirst } from "./parents-first.js";
import type { WritesByRun } from "./run-writes.js";

/** Options of every saver. */
export interface SaverSettings extends SizeLimits {
  /** Bound of the cache of serialized values, in bytes; 0 turns it off. */
  readonly cacheBytes: number;
  /** What happens to a run that began at its thread's head when the head has moved: another branch, or a ConcurrentUpdateError. */
  readonly onConflict: OnConflict;
  /** The keys of a run's config that are stored beside its checkpoints. */
  readonly labels: LabelNames;
  /** What `sweep` keeps. */
  readonly retention: Retention | undefined;
  /** The saver from which threads that are not here are read, and migrated before their first write. */
  readonly fallback?: BaseCheckpointSaver | undefined;
}

export type OnConflict = "fork" | "reject";

/** @throws InvalidOptionsError */
export function resolveOnConflict(given: unknown = "fork"): OnConflict {
  return oneOf("onConflict", given, "fork", "reject");
}

/** What an operation needs to read and write the store. */
export interface StoreContext {
  readonly store: CheckpointStore;
  readonly serializer: ValueSerializer;
  readonly cache: CheckpointCache<ThreadGuard>;
  readonly lives: ThreadLives;
}

/** What the operations of a saver share. */
export interface SaverContext extends StoreContext {
  /** Where threads are: in the store, or still in the saver that a service used before. */
  readonly threads: ThreadSource;
  readonly runs: WritesByRun;
  readonly parentsFirst: ParentsFirst;
  readonly rejectsConflicts: boolean;
  readonly labels: LabelNames;
}

import type { BaseCheckpointSaver, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { oneOf } from "../config/options.js";
import type { LabelRules } from "../config/run-config.js";
import type { SizeLimits } from "../format/segment-reader.js";
import type { ThreadSource } from "../migration/thread-source.js";
import type { Retention } from "../retention/sweep.js";
import { ValueSerializer } from "../serializer/value-serializer.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import type { Events } from "../store/events.js";
import { CheckpointCache, ThreadLives } from "./cache.js";
import { ParentsFirst } from "./parents-first.js";
import { WritesByRun } from "./run-writes.js";

/** Options of every saver. */
export interface SaverSettings extends SizeLimits {
  /** Bound of the cache of serialized values, in bytes; 0 turns it off. */
  readonly cacheBytes: number;
  /** What happens to a run that began at its thread's head when the head has moved: another branch, or a ConcurrentUpdateError. */
  readonly onConflict: OnConflict;
  /** What is taken of a run's config, and stored beside its checkpoints. */
  readonly labels: LabelRules;
  /** Who is told what happens. */
  readonly events: Events;
  /** The longest time for which a lease is given, in milliseconds. */
  readonly maxLeaseTtlMs: number;
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
  readonly cache: CheckpointCache;
  readonly lives: ThreadLives;
}

/** What the operations of a saver share. */
export interface SaverContext extends StoreContext {
  /** Where threads are: in the store, or still in the saver that a service used before. */
  readonly threads: ThreadSource;
  readonly runs: WritesByRun;
  readonly parentsFirst: ParentsFirst;
  readonly rejectsConflicts: boolean;
  readonly labels: LabelRules;
}

export function storeContext(store: CheckpointStore, serde: SerializerProtocol, settings: SaverSettings): StoreContext {
  // Half for the bytes of values, and half for their previous encodings, which are some three times as large.
  const serializer = new ValueSerializer(serde, settings, settings.cacheBytes / 2);
  return { store, serializer, cache: new CheckpointCache(settings.cacheBytes / 2), lives: new ThreadLives() };
}

export function saverContext(here: StoreContext, threads: ThreadSource, settings: SaverSettings): SaverContext {
  return {
    ...here,
    threads,
    runs: new WritesByRun(),
    parentsFirst: new ParentsFirst(),
    rejectsConflicts: settings.onConflict === "reject",
    labels: settings.labels,
  };
}

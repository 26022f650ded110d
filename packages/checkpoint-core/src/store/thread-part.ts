import type { CheckpointKey } from "../config/ids.js";
import { DeserializationError } from "../errors.js";
import type { StoredSlots } from "../format/pending-writes.js";
import type { Segment } from "../format/segment.js";
import type { ReadCheckpoint } from "./checkpoint-store.js";

/** Some rows of a thread, as `verify` looks at them. */
export interface ThreadPart {
  /** With their pending writes. */
  readonly checkpoints: readonly ReadCheckpoint[];
  /** Pending writes whose checkpoint is not there. */
  readonly earlyWrites: readonly StoredSlots[];
  /** All that can be reached from these rows, and from `unreferenced`. */
  readonly segments: ReadonlyMap<string, Segment>;
  /** Ids of segments that no row of the thread leads to. */
  readonly unreferenced: readonly string[];
  /** What the store itself has found. */
  readonly faults: readonly StoredFault[];
}

export const NO_PART: ThreadPart = { checkpoints: [], earlyWrites: [], segments: new Map(), unreferenced: [], faults: [] };

/**
 * What a store finds wrong with a thread. `"damaged"`: a row cannot be taken apart. `"missing-checkpoint"`: one is named that is not there. `"index"`: what the
 * thread or its checkpoints are found by is not as they are.
 */
export interface StoredFault extends Partial<CheckpointKey> {
  readonly kind: "damaged" | "missing-checkpoint" | "index";
  /** Says nothing of what is stored but ids. */
  readonly message: string;
}

/** A row that cannot be taken apart, as a fault. @throws what says nothing of a row. */
export function faultOf(error: unknown): StoredFault {
  if (!(error instanceof DeserializationError)) throw error;
  const { namespace, checkpointId, message } = error;
  return {
    kind: "damaged",
    message,
    ...(namespace === undefined || checkpointId === undefined ? {} : { namespace, checkpointId }),
  };
}

const MOST_HELD_BYTES = 32 * 1024 * 1024;

/** What of a page's segments is held, so that the next one need not read them again: all, or nothing where that is much. */
export function heldSegments(segments: ReadonlyMap<string, Segment>): ReadonlyMap<string, Segment> {
  let bytes = 0;
  for (const { body } of segments.values()) bytes += body.length;
  return bytes <= MOST_HELD_BYTES ? segments : new Map();
}

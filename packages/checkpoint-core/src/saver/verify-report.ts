import { abortSignal, callback, refuseUnknown } from "../config/options.js";

/** How to verify. */
export interface VerifyOptions {
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called again and again with what was found so far, after each page of a thread. */
  readonly onProgress?: (report: VerifyReport) => void;
}

/**
 * - `"damaged"`: a checkpoint, a pending write or a segment is not as it was stored, or depends on a segment that is not.
 * - `"missing-segment"`: a checkpoint or a pending write refers to a segment that is not there.
 * - `"missing-checkpoint"`: a checkpoint is named, and has pending writes or a place in the order, but is not there.
 * - `"unreadable"`: all is as it was stored, but the serializer of this saver cannot read a value.
 * - `"index"`: what the store finds threads and checkpoints by is not as they are. What is stored can be read, but lists, or the latest checkpoint, may be wrong.
 * - `"newer-format"`: a newer version has written the thread, and this one cannot look into it.
 * - `"store-failure"`: the store failed when it was asked for the thread.
 */
export type VerifyProblemKind =
  | "damaged"
  | "missing-segment"
  | "missing-checkpoint"
  | "unreadable"
  | "index"
  | "newer-format"
  | "store-failure";

/** Something that is not as it should be, and where; a field that is `undefined` does not narrow it. */
export interface VerifyProblem {
  readonly kind: VerifyProblemKind;
  readonly threadId: string;
  readonly namespace: string | undefined;
  readonly checkpointId: string | undefined;
  /** Of a pending write. */
  readonly taskId: string | undefined;
  readonly segmentId: string | undefined;
  /** For people. It names ids and channels, and never says what is stored. */
  readonly message: string;
}

/** What `verify` has found. */
export interface VerifyReport {
  readonly threads: number;
  /** Those that are kept out of sight for others included. */
  readonly checkpoints: number;
  readonly pendingWrites: number;
  readonly segments: number;
  /** Of records, metadata, pending writes and segments as they are stored, compressed. */
  readonly bytes: number;
  /** The first 1,000 problems. */
  readonly problems: readonly VerifyProblem[];
  /** All problems. */
  readonly problemCount: number;
  /** What no checkpoint refers to. That is no damage. */
  readonly unreferenced: {
    /** Left of what was replaced; the next prune of their thread frees them. */
    readonly segments: number;
    /** Writes that came before their checkpoint, or whose checkpoint never came. */
    readonly pendingWrites: number;
  };
  /** Checkpoints whose parent is not there: it was pruned, here or before it came here. */
  readonly withoutParent: number;
}

const MOST_PROBLEMS = 1_000;

/** Where a problem is. */
export type Place = Partial<Pick<VerifyProblem, "namespace" | "checkpointId" | "taskId" | "segmentId">>;

/** Collects a {@link VerifyReport}. */
export class Findings {
  threads = 0;
  checkpoints = 0;
  pendingWrites = 0;
  segments = 0;
  bytes = 0;
  unreferencedSegments = 0;
  unreferencedWrites = 0;
  withoutParent = 0;
  #problemCount = 0;
  readonly #problems: VerifyProblem[] = [];

  add(kind: VerifyProblemKind, threadId: string, place: Place, message: string): void {
    this.#problemCount += 1;
    if (this.#problems.length === MOST_PROBLEMS) return;
    const { namespace, checkpointId, taskId, segmentId } = place;
    this.#problems.push({ kind, threadId, namespace, checkpointId, taskId, segmentId, message });
  }

  report(): VerifyReport {
    const { threads, checkpoints, pendingWrites, segments, bytes, withoutParent } = this;
    return {
      ...{ threads, checkpoints, pendingWrites, segments, bytes, withoutParent },
      problems: [...this.#problems],
      problemCount: this.#problemCount,
      unreferenced: { segments: this.unreferencedSegments, pendingWrites: this.unreferencedWrites },
    };
  }
}

/** @throws InvalidOptionsError */
export function resolveVerifyOptions(options: VerifyOptions = {}): VerifyOptions {
  refuseUnknown("verify", options, ["signal", "onProgress"]);
  const signal = abortSignal(options.signal);
  const onProgress = callback("onProgress", options.onProgress);
  return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
}

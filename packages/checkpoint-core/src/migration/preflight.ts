import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { optionalNamespace, storedThreadId } from "../config/ids.js";
import { encodeMetadata } from "../config/metadata.js";
import { abortSignal, integer, refuseUnknown } from "../config/options.js";
import { type HoldfastError, type HoldfastErrorCode, InvalidOptionsError, isHoldfastError } from "../errors.js";
import { HoldfastSerializer } from "../serializer/index.js";
import { ValueSerializer } from "../serializer/value-serializer.js";
import { eachUnderSignal } from "../store/operation-signal.js";
import { isSaver } from "./fallback-saver.js";
import { checkThreads, listedIn } from "./thread-listing.js";

/** What to check, and for which saver. */
export interface PreflightOptions {
  /** Which threads. Default: all that the saver lists. */
  readonly threads?: Iterable<string> | AsyncIterable<string>;
  /** The serializer that the new saver will have. Default: `new HoldfastSerializer()`. */
  readonly serde?: HoldfastSerializer;
  /** The same option of the new saver. Default: 64 MiB, as on Redis. */
  readonly maxValueBytes?: number;
  /** How many checkpoints to request at once, as for `importThreads`. Default 16. */
  readonly batch?: number;
  /** Ends the check, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Something that a Holdfast saver would not store. */
export interface RefusedValue {
  readonly threadId: string;
  readonly namespace: string;
  /** The checkpoint that has it, or whose pending write has it: the first that was listed of all in the thread. */
  readonly checkpointId: string;
  /** Where in the checkpoint: `messages[3].artifact`, `metadata`, `thread_id`. */
  readonly path: string;
  /** The code of the error with which `put` or `putWrites` would fail. */
  readonly code: HoldfastErrorCode;
  /** The message of that error. It names ids, channels and classes, and never says what is stored. */
  readonly message: string;
}

/** What would be refused. */
export interface PreflightReport {
  readonly threads: number;
  readonly checkpoints: number;
  /** Values, each once in a thread: the first 1,000. */
  readonly refused: readonly RefusedValue[];
  /** All of them. */
  readonly refusedCount: number;
}

const DEFAULT_MAX_VALUE_BYTES = 64 * 1024 * 1024;
const MOST_VALUE_BYTES = 512 * 1024 * 1024;
const MOST_REFUSED = 1_000;

/**
 * Says before a switch which threads and values of another saver a Holdfast saver would refuse (contract C-115). It only reads, one checkpoint at a time.
 *
 * ```ts
 * const { refused } = await preflight(oldSaver);
 * for (const { threadId, checkpointId, message } of refused) console.log(threadId, checkpointId, message);
 * ```
 *
 * What the other saver has lost when it stored a value cannot be seen any more: `new HoldfastSerializer({ onDropped })` tells of such values while a graph runs.
 *
 * @throws InvalidOptionsError before any I/O; what the saver throws; the reason of `signal`.
 */
export async function preflight(saver: BaseCheckpointSaver, options: PreflightOptions = {}): Promise<PreflightReport> {
  if (!isSaver(saver)) throw new InvalidOptionsError("preflight needs the saver to check: preflight(saver).");
  refuseUnknown("preflight", options, ["threads", "serde", "maxValueBytes", "batch", "signal"]);
  const { threads, serde = new HoldfastSerializer(), maxValueBytes = DEFAULT_MAX_VALUE_BYTES, batch = 16 } = options;
  checkThreads(threads);
  if (!(serde instanceof HoldfastSerializer)) throw new InvalidOptionsError("serde must be a HoldfastSerializer.");
  integer("maxValueBytes", maxValueBytes, 1, MOST_VALUE_BYTES);
  integer("batch", batch, 1);
  const signal = abortSignal(options.signal);
  signal?.throwIfAborted();
  const check = new Check(serde, maxValueBytes);
  for await (const threadId of threads ?? [undefined]) {
    const config = threadId === undefined ? {} : { configurable: { thread_id: threadId } };
    for await (const tuple of eachUnderSignal(signal, listedIn(saver, config, batch))) await check.look(tuple);
  }
  return check.report();
}

class Check {
  readonly #values: ValueSerializer;
  readonly #threads = new Set<string>();
  #checkpoints = 0;
  readonly #refused: RefusedValue[] = [];
  /** What was found, so that a value that a thousand checkpoints have counts once. */
  readonly #found = new Set<string>();
  #refusals: HoldfastError[] = [];

  constructor(serde: HoldfastSerializer, maxValueBytes: number) {
    const lenient = serde.dropping((refusal) => this.#refusals.push(refusal));
    this.#values = new ValueSerializer(lenient, { maxValueBytes, maxPutBytes: Number.POSITIVE_INFINITY });
  }

  async look({ config, checkpoint, metadata, pendingWrites = [] }: CheckpointTuple): Promise<void> {
    const { thread_id: thread, checkpoint_ns: namespace = "" } = config.configurable ?? {};
    const place = { threadId: String(thread), namespace: String(namespace), checkpointId: checkpoint.id };
    this.#threads.add(place.threadId);
    this.#checkpoints += 1;
    await this.#try(place, "thread_id", () => storedThreadId(thread));
    await this.#try(place, "checkpoint_ns", () => optionalNamespace(config));
    await this.#try(place, "metadata", () => encodeMetadata(metadata ?? {}));
    const writes = pendingWrites.map(([, channel, value]) => [channel, value] as const);
    for (const [channel, value] of [...Object.entries(checkpoint.channel_values), ...writes]) {
      await this.#try(place, channel, () => this.#values.dump(value, channel));
    }
  }

  async #try(
    place: Pick<RefusedValue, "threadId" | "namespace" | "checkpointId">,
    what: string,
    store: () => unknown,
  ): Promise<void> {
    this.#refusals = [];
    try {
      await store();
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      this.#refusals.push(error);
    }
    for (const refusal of this.#refusals) {
      const { code, message } = refusal;
      const path = "path" in refusal ? String(refusal.path) : what;
      const name = JSON.stringify([place.threadId, place.namespace, path, message]);
      if (this.#found.has(name)) continue;
      this.#found.add(name);
      if (this.#refused.length < MOST_REFUSED) this.#refused.push({ ...place, path, code, message });
    }
  }

  report(): PreflightReport {
    return {
      threads: this.#threads.size,
      checkpoints: this.#checkpoints,
      refused: this.#refused,
      refusedCount: this.#found.size,
    };
  }
}

import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  BaseCheckpointSaver,
  ChannelVersions,
  Checkpoint,
  CheckpointPendingWrite,
  CheckpointTuple,
} from "@langchain/langgraph-checkpoint";
import { type CheckpointRef, checkpointName, configOf, namespaceConfig } from "../config/ids.js";
import { markCopied } from "../config/run-config.js";
import { HAS_TASK_PATHS, notedTaskPaths, type PutWrites } from "../config/task-paths.js";
import { ImportMismatchError, ThreadDeletedError } from "../errors.js";
import { importedPath } from "../format/write-order.js";
import { copyHistory } from "./thread-history.js";
import { listedIn } from "./thread-listing.js";
import {
  asReadThrough,
  checkpointDifference,
  hasWritesOf,
  type ReadTuple,
  readTuple,
  withoutDefaults,
  writesDifference,
} from "./tuple-difference.js";
import { writeBatches } from "./write-batches.js";

/** What became of one thread. */
export interface ThreadImport {
  /** Checkpoints that were copied. */
  readonly checkpoints: number;
  /** Pending writes that were copied. */
  readonly writes: number;
  /** Checkpoints that the target already had, and equal. */
  readonly skipped: number;
  /** Whether nothing was copied, because the thread has moved on in the target. */
  readonly isLeftAlone: boolean;
}

export const NOTHING_IMPORTED: ThreadImport = { checkpoints: 0, writes: 0, skipped: 0, isLeftAlone: false };

export interface ThreadImportOptions {
  /** How many checkpoints to request of a buffering `list` at once. */
  readonly batch: number;
  readonly signal: AbortSignal | undefined;
  /** Called after each checkpoint. */
  readonly onCheckpoint: (soFar: ThreadImport) => void;
  /** Makes the configs for writes to the target. */
  readonly forWriting: (config: RunnableConfig) => RunnableConfig;
}

/**
 * Copies one thread with all its namespaces, oldest checkpoint first, and compares each with what the target then reads.
 *
 * It reads the source twice: once for the names of the checkpoints, which is all it keeps in memory, and once for their content, one by one. A checkpoint that
 * the target already has costs one read of each side. The latest of each namespace in the source is the latest in the target.
 *
 * @throws ImportMismatchError, ThreadDeletedError (deleted in the source meanwhile), the reason of `signal`, and what both savers throw.
 */
export async function importThread(
  source: BaseCheckpointSaver,
  target: BaseCheckpointSaver,
  threadId: string,
  options: ThreadImportOptions,
): Promise<ThreadImport> {
  return new ThreadCopy(source, target, threadId, options).run();
}

/** A checkpoint that the target lacks, or of which it lacks writes because an earlier copy was interrupted. */
interface Missing {
  readonly ref: CheckpointRef;
  readonly what: "checkpoint" | "writes";
  /** Whether it is the latest of its namespace. */
  readonly isHead: boolean;
}

class ThreadCopy {
  readonly #source: BaseCheckpointSaver;
  readonly #target: BaseCheckpointSaver;
  readonly #threadId: string;
  readonly #options: ThreadImportOptions;
  /** Whether the target is ours, and so keeps even what LangGraph ignores: the order of different tasks, values without a version. */
  readonly #keepsAll: boolean;
  #soFar = NOTHING_IMPORTED;

  constructor(source: BaseCheckpointSaver, target: BaseCheckpointSaver, threadId: string, options: ThreadImportOptions) {
    this.#source = source;
    this.#target = target;
    this.#threadId = threadId;
    this.#options = options;
    this.#keepsAll = "acquireThread" in target;
  }

  async run(): Promise<ThreadImport> {
    const missing = await this.#missing();
    if (missing === undefined) this.#soFar = { ...this.#soFar, isLeftAlone: true };
    // Compares everything before the first write.
    for (const each of missing?.reverse() ?? []) await this.#add(each);
    if (missing !== undefined) await copyHistory(this.#source, this.#target, this.#threadId);
    return this.#soFar;
  }

  /** What the target lacks, newest first; `undefined` if the thread has moved on there. */
  async #missing(): Promise<Missing[] | undefined> {
    const { batch, signal } = this.#options;
    const thread = { configurable: { thread_id: this.#threadId } };
    const there = new Set<string>();
    for await (const tuple of listedIn(this.#target, thread, batch)) there.add(checkpointName(refOf(this.#threadId, tuple)));
    const missing: Missing[] = [];
    /** By namespace, whether the target has the checkpoint listed last. */
    const wasThere = new Map<string, boolean>();
    for await (const tuple of listedIn(this.#source, thread, batch)) {
      signal?.throwIfAborted();
      const ref = refOf(this.#threadId, tuple);
      const newer = wasThere.get(ref.namespace);
      const isThere = there.delete(checkpointName(ref));
      wasThere.set(ref.namespace, isThere);
      if (!isThere) {
        // The target has a newer one, so it has pruned this one, which could not get its place back.
        if (newer === true) return undefined;
        missing.push({ ref, what: "checkpoint", isHead: newer === undefined });
        continue;
      }
      const state = await this.#compare(ref, tuple);
      if (state === "ahead") return undefined;
      if (state === "incomplete") missing.push({ ref, what: "writes", isHead: newer === undefined });
      else this.#count("skipped");
    }
    return there.size > 0 ? undefined : missing;
  }

  async #compare(ref: CheckpointRef, tuple: CheckpointTuple): Promise<"equal" | "incomplete" | "ahead"> {
    const found = await this.#target.getTuple(configOf(ref));
    // It was there a moment ago.
    if (found === undefined) throw new ThreadDeletedError(this.#threadId);
    const [expected, actual] = await this.#comparable(readTuple(tuple), readTuple(found));
    const path = checkpointDifference(actual, expected);
    if (path !== undefined) throw new ImportMismatchError(ref, path);
    if (writesDifference(actual, expected, "by-task") === undefined) return "equal";
    return hasWritesOf(actual, expected) ? "incomplete" : "ahead";
  }

  async #add({ ref, what, isHead }: Missing): Promise<void> {
    const { signal, forWriting } = this.#options;
    signal?.throwIfAborted();
    const tuple = await this.#source.getTuple(configOf(ref));
    if (tuple === undefined) throw new ThreadDeletedError(this.#threadId);
    const given = readTuple(tuple);
    if (what === "checkpoint") {
      const config = forWriting(markCopied(parentConfig(ref, given.parent)));
      await this.#target.put(config, given.checkpoint, given.metadata, versionsOf(given.checkpoint));
    }
    await this.#addWrites(forWriting(markCopied(configOf(ref))), tuple.pendingWrites ?? []);
    await this.#verify(ref, given, what, isHead);
    this.#count(what === "checkpoint" ? "checkpoints" : "skipped", given.writes.length);
  }

  /**
   * Stores the writes of a checkpoint in the order of the source, in which delta channels replay them. A foreign saver of checkpoint 1.2 orders them by task
   * paths that it does not show, so the position of each batch becomes its path.
   */
  async #addWrites(config: RunnableConfig, pending: readonly CheckpointPendingWrite[]): Promise<void> {
    const putWrites: PutWrites = this.#target.putWrites.bind(this.#target);
    const noted = notedTaskPaths(pending);
    for (const [position, { taskId, taskPath, writes }] of writeBatches(pending, noted).entries()) {
      const path = noted === undefined && HAS_TASK_PATHS ? importedPath(position) : taskPath;
      await putWrites(config, writes, taskId, path);
    }
  }

  /** Reads a checkpoint back; the latest of a namespace without its id. */
  async #verify(ref: CheckpointRef, given: ReadTuple, what: Missing["what"], isHead: boolean): Promise<void> {
    const found = await this.#target.getTuple(isHead ? namespaceConfig(ref) : configOf(ref));
    if (found === undefined) throw new ImportMismatchError(ref, "checkpoint");
    const [expected, actual] = await this.#comparable(given, readTuple(found));
    // Missing writes may have stood before others.
    const order = what === "checkpoint" && this.#keepsAll ? "as-given" : "by-task";
    const path = checkpointDifference(actual, expected) ?? writesDifference(actual, expected, order);
    if (path !== undefined) throw new ImportMismatchError(ref, path);
  }

  /** What the target must read of a checkpoint, and what it reads. */
  async #comparable(given: ReadTuple, found: ReadTuple): Promise<readonly [expected: ReadTuple, actual: ReadTuple]> {
    const expected = await asReadThrough(this.#target.serde, given);
    return this.#keepsAll ? [expected, found] : [withoutDefaults(expected), withoutDefaults(found)];
  }

  #count(what: "checkpoints" | "skipped", writes = 0): void {
    const soFar = this.#soFar;
    this.#soFar = { ...soFar, [what]: soFar[what] + 1, writes: soFar.writes + writes };
    this.#options.onCheckpoint(this.#soFar);
  }
}

/**
 * All channels count as changed, so that what is stored is what is given, whatever the parent holds. A value without a version has one, too: 0.
 */
function versionsOf({ channel_values, channel_versions }: Checkpoint): ChannelVersions {
  const unversioned = Object.keys(channel_values).map((channel) => [channel, 0] as const);
  return { ...Object.fromEntries(unversioned), ...channel_versions };
}

function parentConfig({ threadId, namespace }: CheckpointRef, parent: string | undefined): RunnableConfig {
  const config = namespaceConfig({ threadId, namespace });
  return parent === undefined ? config : { configurable: { ...config.configurable, checkpoint_id: parent } };
}

function refOf(threadId: string, { config, checkpoint }: CheckpointTuple): CheckpointRef {
  const namespace = (config.configurable?.checkpoint_ns ?? "") as string;
  return { threadId, namespace, checkpointId: checkpoint.id };
}

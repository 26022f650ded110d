import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
} from "@langchain/langgraph-checkpoint";
import type { PutWrites } from "../config/task-paths.js";
import type { RunOutcome } from "../store/run-store.js";
import { RunHead } from "./run-head.js";

/** The key of `configurable` in which LangGraph passes a run's checkpointer to its subgraphs. It precedes that of the graph. */
export const CHECKPOINTER_KEY = "__pregel_checkpointer";

/**
 * The saver of one run. When a write fails, it ends the run with that error.
 *
 * LangGraph 1.4 handles the promises of `put` and `putWrites` only when the run is over. One that rejects earlier, while a model answers, is an unhandled
 * rejection and ends the process. Here the failure aborts the run instead, and the caller that started the run throws it.
 */
export class RunSaver extends BaseCheckpointSaver {
  readonly #saver: BaseCheckpointSaver;
  readonly #failed = new AbortController();
  readonly #head: RunHead | undefined;

  /** @param threadId of the run, if its outcome is asked for. */
  constructor(saver: BaseCheckpointSaver, threadId?: string) {
    super(saver.serde);
    this.#saver = saver;
    this.#head = threadId === undefined ? undefined : new RunHead(threadId);
  }

  /** Where the run has ended; `undefined` if it has neither read nor written its thread. */
  outcome(): Promise<RunOutcome> | undefined {
    return this.#head?.outcome(this);
  }

  /** Aborts with the first write's error as its reason. */
  get failure(): AbortSignal {
    return this.#failed.signal;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const tuple = await this.#saver.getTuple(config);
    this.#head?.read(config, tuple);
    return tuple;
  }

  override list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    return this.#saver.list(config, options);
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    this.#head?.put(config, checkpoint.id);
    return (await this.#unlessFailed(() => this.#saver.put(config, checkpoint, metadata, newVersions))) ?? config;
  }

  override async putWrites(...args: Parameters<PutWrites>): Promise<void> {
    const [config, writes, task] = args;
    this.#head?.putWrites(config, writes, task);
    await this.#unlessFailed(() => (this.#saver.putWrites as PutWrites)(...args));
  }

  override deleteThread(threadId: string): Promise<void> {
    return this.#saver.deleteThread(threadId);
  }

  override getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    return this.#saver.getDeltaChannelHistory(options);
  }

  // LangGraph calls it without the saver.
  override readonly getNextVersion = (current: number | undefined): number => this.#saver.getNextVersion(current);

  /** After a failed write nothing more is written, because it would build on what is not stored. */
  async #unlessFailed<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (this.failure.aborted) return undefined;
    try {
      return await write();
    } catch (error) {
      this.#failed.abort(error);
      return undefined;
    }
  }
}

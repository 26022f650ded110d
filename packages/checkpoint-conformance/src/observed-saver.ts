import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";

/**
 * The values of a checkpoint without those of channels that have no version, because nothing has written to them: LangGraph gives their
 * defaults along, and makes them anew where they are missing.
 */
export function valuesOfWrittenChannels({ channel_values, channel_versions }: Checkpoint): Record<string, unknown> {
  return Object.fromEntries(Object.entries(channel_values).filter(([channel]) => channel in channel_versions));
}

/** A put that went through an {@link ObservedSaver}, with the values as they were at the call. */
export interface ObservedPut {
  readonly ns: string;
  readonly id: string;
  readonly metadata: CheckpointMetadata;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Surrounds a put: may hold it back before, or look on after. */
export type AroundPut = (put: ObservedPut, proceed: () => Promise<void>) => Promise<void>;

/** Passes everything on to another saver, and remembers what it has put. */
export class ObservedSaver extends BaseCheckpointSaver {
  readonly #inner: BaseCheckpointSaver;
  readonly #around: AroundPut;
  /** The puts that were acknowledged, in that order. */
  readonly puts: ObservedPut[] = [];

  constructor(inner: BaseCheckpointSaver, around: AroundPut = (_, proceed) => proceed()) {
    super(inner.serde);
    this.#inner = inner;
    this.#around = around;
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Checkpoint["channel_versions"],
  ): Promise<RunnableConfig> {
    const values = structuredClone(valuesOfWrittenChannels(checkpoint));
    const put = { ns: String(config.configurable?.checkpoint_ns ?? ""), id: checkpoint.id, metadata, values };
    let result: RunnableConfig = config;
    await this.#around(put, async () => {
      result = await this.#inner.put(config, checkpoint, metadata, newVersions);
      this.puts.push(put);
    });
    return result;
  }

  override putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    return this.#inner.putWrites(config, writes, taskId);
  }

  override getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return this.#inner.getTuple(config);
  }

  override list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    return this.#inner.list(config, options);
  }

  override deleteThread(threadId: string): Promise<void> {
    return this.#inner.deleteThread(threadId);
  }

  override getDeltaChannelHistory(
    options: Parameters<BaseCheckpointSaver["getDeltaChannelHistory"]>[0],
  ): ReturnType<BaseCheckpointSaver["getDeltaChannelHistory"]> {
    return this.#inner.getDeltaChannelHistory(options);
  }

  override getNextVersion(current: number | undefined): number {
    return this.#inner.getNextVersion(current);
  }
}

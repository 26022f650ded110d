import type { RunnableConfig } from "@langchain/core/runnables";
import { BaseCheckpointSaver, type CheckpointListOptions, type CheckpointTuple } from "@langchain/langgraph-checkpoint";

type DeltaHistory = BaseCheckpointSaver["getDeltaChannelHistory"];

/** Passes every call on to another saver; what looks on or steps in overrides it. */
export class ForwardingSaver extends BaseCheckpointSaver {
  protected readonly inner: BaseCheckpointSaver;

  constructor(inner: BaseCheckpointSaver) {
    super(inner.serde);
    this.inner = inner;
    // LangGraph 1.4 takes the method from the saver and calls it alone.
    this.getNextVersion = this.getNextVersion.bind(this);
  }

  override put(...args: Parameters<BaseCheckpointSaver["put"]>): Promise<RunnableConfig> {
    return this.inner.put(...args);
  }

  override putWrites(...args: Parameters<BaseCheckpointSaver["putWrites"]>): Promise<void> {
    return this.inner.putWrites(...args);
  }

  override getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return this.inner.getTuple(config);
  }

  override list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    return this.inner.list(config, options);
  }

  override deleteThread(threadId: string): Promise<void> {
    return this.inner.deleteThread(threadId);
  }

  override getDeltaChannelHistory(options: Parameters<DeltaHistory>[0]): ReturnType<DeltaHistory> {
    return this.inner.getDeltaChannelHistory(options);
  }

  override getNextVersion(current: number | undefined): number {
    return this.inner.getNextVersion(current);
  }
}

import type { RunnableConfig } from "@langchain/core/runnables";
import { type BaseCheckpointSaver, uuid6 } from "@langchain/langgraph-checkpoint";

/** A thread to which one checkpoint after the other is put, each the child of the last, as LangGraph's loop does. */
export class CheckpointChain {
  readonly threadId: string;
  readonly #saver: BaseCheckpointSaver;
  #versions: Record<string, number> = {};
  #step = -1;
  #config: RunnableConfig;

  constructor(saver: BaseCheckpointSaver, threadId: string) {
    this.#saver = saver;
    this.threadId = threadId;
    this.#config = { configurable: { thread_id: threadId, checkpoint_ns: "" } };
  }

  /** Names the checkpoint that was put last. */
  get config(): RunnableConfig {
    return this.#config;
  }

  /**
   * @param values all channels.
   * @param changed those whose values are new. Default: all.
   */
  async put(values: Readonly<Record<string, unknown>>, changed: readonly string[] = Object.keys(values)): Promise<void> {
    this.#step += 1;
    const newVersions = Object.fromEntries(changed.map((channel) => [channel, this.#step + 1]));
    this.#versions = { ...this.#versions, ...newVersions };
    const checkpoint = {
      v: 4,
      id: uuid6(this.#step),
      ts: new Date().toISOString(),
      channel_values: values,
      channel_versions: this.#versions,
      versions_seen: {},
    };
    const metadata = { source: "loop" as const, step: this.#step, parents: {} };
    this.#config = await this.#saver.put(this.#config, checkpoint, metadata, newVersions);
  }
}

import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** The root graph of a thread, or one checkpoint of it. */
export function at(thread: string, id?: string): RunnableConfig {
  return { configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) } };
}

export interface PutOptions {
  readonly id?: string;
  readonly value?: unknown;
  /** Wraps the config that is put with. */
  readonly config?: (config: RunnableConfig) => RunnableConfig;
}

/** Puts a checkpoint with one channel. */
export async function put(saver: BaseCheckpointSaver, thread: string, options: PutOptions = {}): Promise<void> {
  const { id = "1", value = `a value of ${thread}`, config = (same) => same } = options;
  await saver.put(
    config(at(thread)),
    { v: 4, id, ts: "", channel_values: { a: value }, channel_versions: { a: 1 }, versions_seen: {} },
    { source: "loop", step: 0, parents: {} },
    { a: 1 },
  );
}

/** The value that `put` stored last. */
export async function read(saver: BaseCheckpointSaver, thread: string): Promise<unknown> {
  return (await saver.getTuple(at(thread)))?.checkpoint.channel_values.a;
}

/** Writes of one task on a checkpoint. */
export async function write(saver: BaseCheckpointSaver, thread: string, task = "task", id = "1"): Promise<void> {
  await saver.putWrites(at(thread, id), [["a", `written by ${task} `.repeat(200)]], task);
}

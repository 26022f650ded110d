import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, Checkpoint, CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { ForwardingSaver } from "./forwarding-saver.js";

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
export class ObservedSaver extends ForwardingSaver {
  readonly #around: AroundPut;
  /** The puts that were acknowledged, in that order. */
  readonly puts: ObservedPut[] = [];

  constructor(inner: BaseCheckpointSaver, around: AroundPut = (_, proceed) => proceed()) {
    super(inner);
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
      result = await super.put(config, checkpoint, metadata, newVersions);
      this.puts.push(put);
    });
    return result;
  }
}

import { type Checkpoint, type CheckpointTuple, isDeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { plainValue, writtenValues } from "../written-values.js";
import type { Seen } from "./history.js";

/** Threads and runs of a program have names of their own in the store: programs share it. */
export class ProgramNames {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The id of a thread in the store. */
  id(thread: string): string {
    return `${this.#prefix}${thread}`;
  }

  /** Of thread ids, those of the program, by their short names. */
  own(ids: readonly string[]): string[] {
    return ids.filter((id) => id.startsWith(this.#prefix)).map((id) => id.slice(this.#prefix.length));
  }

  /** What the checkpoints of a run are labelled with. */
  label(run: number): string {
    return `${this.#prefix}run ${run}`;
  }

  /** `undefined` for a checkpoint of another program. */
  seen({ config, parentConfig, checkpoint, metadata, pendingWrites }: CheckpointTuple): Seen | undefined {
    const [thread] = this.own([String(config.configurable?.thread_id)]);
    if (thread === undefined) return undefined;
    return {
      thread,
      namespace: String(config.configurable?.checkpoint_ns),
      id: checkpoint.id,
      parent: parentConfig?.configurable?.checkpoint_id as string | undefined,
      origins: (metadata as { parents?: Record<string, string> }).parents ?? {},
      values: comparableValues(checkpoint),
      writes: (pendingWrites ?? []).map(([task, channel, value]) => [task, channel, plainValue(value)] as const),
    };
  }
}

/**
 * The values of a checkpoint as plain data, without snapshots of delta channels, which carry over from the parent where LangGraph gives none (contract C-33),
 * and without the defaults of channels that nothing has written to.
 */
export function comparableValues(checkpoint: Checkpoint): Record<string, unknown> {
  const values = Object.entries(checkpoint.channel_values).filter(([, value]) => !isDeltaSnapshot(value));
  return writtenValues({ ...checkpoint, channel_values: Object.fromEntries(values) });
}

import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** What became of all that a saver has put. */
export interface Outcome {
  /** Checkpoints and batches of writes. */
  readonly acknowledged: number;
  /** Those of them that are not there any more. */
  readonly lost: readonly string[];
  /** Checkpoints that are there and cannot be read, or with other values than were put. */
  readonly damaged: readonly string[];
}

interface Put {
  readonly config: { readonly configurable: Readonly<Record<string, string>> };
  readonly values: string;
  isAcknowledged: boolean;
}

interface Writes {
  readonly checkpoint: string;
  readonly taskId: string;
  readonly channels: readonly string[];
}

/** Keeps account of what a saver was told to be stored. */
export class Acknowledgements {
  readonly #puts = new Map<string, Put>();
  readonly #writes: Writes[] = [];

  constructor(saver: BaseCheckpointSaver) {
    const [put, putWrites] = [saver.put.bind(saver), saver.putWrites.bind(saver)];
    saver.put = async (...args) => {
      const [{ configurable }, checkpoint] = args;
      const { thread_id, checkpoint_ns = "" } = configurable ?? {};
      const entry: Put = {
        config: { configurable: { thread_id, checkpoint_ns, checkpoint_id: checkpoint.id } },
        values: valuesOf(checkpoint),
        isAcknowledged: false,
      };
      this.#puts.set(`${thread_id} ${checkpoint_ns} ${checkpoint.id}`, entry);
      const stored = await put(...args);
      entry.isAcknowledged = true;
      return stored;
    };
    saver.putWrites = async (...args) => {
      const [{ configurable }, writes, taskId] = args;
      const { thread_id, checkpoint_ns = "", checkpoint_id } = configurable ?? {};
      await putWrites(...args);
      const channels = writes.map(([channel]) => channel);
      this.#writes.push({ checkpoint: `${thread_id} ${checkpoint_ns} ${checkpoint_id}`, taskId, channels });
    };
  }

  /** Compares with what a saver that has seen none of it reads. */
  async compare(other: BaseCheckpointSaver): Promise<Outcome> {
    const [lost, damaged]: [string[], string[]] = [[], []];
    const unreadable = new Set<string>();
    const writes = new Map<string, readonly string[]>();
    for (const [name, { config, values, isAcknowledged }] of this.#puts) {
      try {
        const tuple = await other.getTuple(config);
        if (tuple === undefined) {
          if (isAcknowledged) lost.push(`checkpoint ${name}`);
          continue;
        }
        if (valuesOf(tuple.checkpoint) !== values) damaged.push(`${name}: other values`);
        writes.set(
          name,
          (tuple.pendingWrites ?? []).map(([taskId, channel]) => `${taskId} ${channel}`),
        );
      } catch (error) {
        damaged.push(`${name}: ${error}`);
        unreadable.add(name);
      }
    }
    for (const { checkpoint, taskId, channels } of this.#writes) {
      if (unreadable.has(checkpoint)) continue;
      const found = writes.get(checkpoint) ?? [];
      if (!channels.every((channel) => found.includes(`${taskId} ${channel}`))) {
        lost.push(`writes of task ${taskId} on ${checkpoint}`);
      }
    }
    const acknowledged = [...this.#puts.values()].filter((put) => put.isAcknowledged).length + this.#writes.length;
    return { acknowledged, lost, damaged };
  }
}

/** Of channels that were written; in an order of its own. */
function valuesOf(checkpoint: Parameters<BaseCheckpointSaver["put"]>[1]): string {
  const written = Object.entries(checkpoint.channel_values).filter(([channel]) => channel in checkpoint.channel_versions);
  return JSON.stringify(
    written.sort(([a], [b]) => (a < b ? -1 : 1)),
    (key, value: unknown) => (key === "lg_name" && value === "Send" ? undefined : value),
  );
}

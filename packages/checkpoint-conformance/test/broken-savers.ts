import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  MemorySaver,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";

type Values = Record<string, unknown>;

/** Keeps one value per (channel, version), and the first one stays: as the official Postgres saver does. */
export class FirstValuePerVersion extends MemorySaver {
  /** One store for all savers of the class, as the shared store of the target is one. */
  static readonly #blobs = new Map<string, unknown>();

  override put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const { thread_id: thread, checkpoint_ns: ns = "" } = config.configurable ?? {};
    const values: Values = {};
    for (const [channel, value] of Object.entries(checkpoint.channel_values)) {
      const key = JSON.stringify([thread, ns, channel, checkpoint.channel_versions[channel]]);
      if (!FirstValuePerVersion.#blobs.has(key)) FirstValuePerVersion.#blobs.set(key, structuredClone(value));
      values[channel] = FirstValuePerVersion.#blobs.get(key);
    }
    return super.put(config, { ...checkpoint, channel_values: values }, metadata);
  }
}

/** Stores only what a put names as new, and never looks at the parent. */
export class DropsCarriedChannels extends MemorySaver {
  override put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Checkpoint["channel_versions"] = {},
  ): Promise<RunnableConfig> {
    const values = Object.fromEntries(Object.entries(checkpoint.channel_values).filter(([channel]) => channel in newVersions));
    return super.put(config, { ...checkpoint, channel_values: values }, metadata);
  }
}

const inRoot = (config: RunnableConfig): RunnableConfig => ({ configurable: { ...config.configurable, checkpoint_ns: "" } });

/** Forgets in which namespace pending writes belong. */
export class ForgetsNamespaceOfWrites extends MemorySaver {
  override putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    return super.putWrites(inRoot(config), writes, taskId);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const tuple = await super.getTuple(config);
    const root = tuple && (await super.getTuple(inRoot(tuple.config)));
    return tuple && { ...tuple, pendingWrites: root?.pendingWrites ?? [] };
  }
}

/** Deletes by prefix, as a key pattern would. */
export class DeletesByPrefix extends MemorySaver {
  override async deleteThread(threadId: string): Promise<void> {
    for (const thread of Object.keys(this.storage)) {
      if (thread.startsWith(threadId)) await super.deleteThread(thread);
    }
  }
}

/** Leaves the pending writes of a deleted thread behind. */
export class LeavesWritesBehind extends MemorySaver {
  override async deleteThread(threadId: string): Promise<void> {
    delete this.storage[threadId];
  }
}

/** A second ordinary write replaces the first. */
export class ReplacesOrdinaryWrites extends MemorySaver {
  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable ?? {};
    const stored = this.writes[JSON.stringify([thread_id, checkpoint_ns, checkpoint_id])] ?? {};
    for (const position of writes.keys()) delete stored[`${taskId},${position}`];
    return super.putWrites(config, writes, taskId);
  }
}

/** Keeps the first of two special writes, as an "insert or ignore" of the whole batch would. */
export class IgnoresSecondSpecialWrite extends MemorySaver {
  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const written = (await this.getTuple(config))?.pendingWrites ?? [];
    const known = new Set(written.filter(([task]) => task === taskId).map(([, channel]) => channel));
    return super.putWrites(
      config,
      writes.filter(([channel]) => !(channel.startsWith("__") && known.has(channel))),
      taskId,
    );
  }
}

/** Lists ten checkpoints at most, whatever is asked for. */
export class ListsTen extends MemorySaver {
  override list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    return super.list(config, { ...options, limit: Math.min(options?.limit ?? 10, 10) });
  }
}

/** Does not look at `before`. */
export class IgnoresBefore extends MemorySaver {
  override list(config: RunnableConfig, { limit, filter }: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    return super.list(config, { ...(limit === undefined ? {} : { limit }), ...(filter === undefined ? {} : { filter }) });
  }
}

/** Lists tuples without their pending writes. */
export class ListsWithoutWrites extends MemorySaver {
  override async *list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    for await (const tuple of super.list(config, options)) yield { ...tuple, pendingWrites: [] };
  }
}

/** Serializes a moment after the call. */
export class SerializesLater extends MemorySaver {
  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    await Promise.resolve();
    return super.put(config, checkpoint, metadata);
  }
}

/** Takes a channel that was emptied for one that did not change. */
export class RefillsEmptiedChannels extends MemorySaver {
  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const parent = config.configurable?.checkpoint_id === undefined ? undefined : await super.getTuple(config);
    const values = { ...parent?.checkpoint.channel_values, ...checkpoint.channel_values };
    return super.put(config, { ...checkpoint, channel_values: values }, metadata);
  }
}

/** Loses `undefined`, and everything else that JSON does not know. */
export class StoresPlainJson extends MemorySaver {
  override put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    return super.put(config, JSON.parse(JSON.stringify(checkpoint)), metadata);
  }
}

/** Counts the writes of a checkpoint's siblings among its history. */
export class HistoryOfAllBranches extends MemorySaver {
  override async getDeltaChannelHistory({
    config,
    channels,
  }: Parameters<MemorySaver["getDeltaChannelHistory"]>[0]): ReturnType<MemorySaver["getDeltaChannelHistory"]> {
    const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable ?? {};
    const all: CheckpointTuple[] = [];
    const before = { configurable: { checkpoint_id } };
    for await (const tuple of super.list({ configurable: { thread_id, checkpoint_ns } }, { before })) all.unshift(tuple);
    const writes = all.flatMap((tuple) => tuple.pendingWrites ?? []);
    return Object.fromEntries(channels.map((channel) => [channel, { writes: writes.filter(([, of]) => of === channel) }]));
  }
}

import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  MemorySaver,
} from "@langchain/langgraph-checkpoint";

/** Numbers of commits, by thread, namespace and checkpoint id; one for all savers, as their store is one. */
const commits = new Map<string, number>();
let lastCommit = 0;

const keyOf = (config: RunnableConfig): string => {
  const { thread_id: thread, checkpoint_ns: ns = "", checkpoint_id: id } = config.configurable ?? {};
  return JSON.stringify([thread, ns, id]);
};

const commitOf = (config: RunnableConfig): number => commits.get(keyOf(config)) ?? 0;

/** `MemorySaver` in the order of commits: the smallest saver that keeps C-10, C-20 and C-22. */
export class CommitOrderSaver extends MemorySaver {
  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const place = await super.put(config, checkpoint, metadata);
    const key = keyOf(place);
    lastCommit += 1;
    if (!commits.has(key)) commits.set(key, lastCommit);
    return place;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id: thread, checkpoint_ns: ns = "", checkpoint_id: id } = config.configurable ?? {};
    if (thread === undefined || id !== undefined) return super.getTuple(config);
    for await (const tuple of this.list({ configurable: { thread_id: thread, checkpoint_ns: ns } }, { limit: 1 })) return tuple;
    return undefined;
  }

  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { before, limit = Number.POSITIVE_INFINITY, filter } = options;
    const all: CheckpointTuple[] = [];
    for await (const tuple of super.list(config, filter === undefined ? {} : { filter })) all.push(tuple);
    all.sort((a, b) => commitOf(b.config) - commitOf(a.config));
    let left = limit;
    for (const tuple of all) {
      if (left <= 0) return;
      if (before?.configurable?.checkpoint_id !== undefined && !this.isBefore(tuple, before.configurable.checkpoint_id)) continue;
      left -= 1;
      yield tuple;
    }
  }

  /** Whether the tuple was committed before that checkpoint, and not under it or under a later one of its namespace. */
  protected isBefore(tuple: CheckpointTuple, id: string): boolean {
    const limit = this.commitOfId(tuple, id);
    if (limit === undefined) return String(tuple.config.configurable?.checkpoint_id) < id;
    const parents = Object.entries(tuple.metadata?.parents ?? {});
    const madeLater = parents.some(([ns, parent]) => {
      const commit = commits.get(JSON.stringify([tuple.config.configurable?.thread_id, ns, parent]));
      return commit !== undefined && commit >= limit;
    });
    return commitOf(tuple.config) < limit && !madeLater;
  }

  /** The commit of the checkpoint with this id, in whatever namespace of the tuple's thread it is. */
  protected commitOfId(tuple: CheckpointTuple, id: string): number | undefined {
    for (const [key, commit] of commits) {
      const [thread, , known] = JSON.parse(key);
      if (thread === tuple.config.configurable?.thread_id && known === id) return commit;
    }
    return undefined;
  }
}

/** Lists in the order of commits, but finds the latest by its id. */
export class LatestById extends CommitOrderSaver {
  override getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return MemorySaver.prototype.getTuple.call(this, config);
  }
}

/** Takes `before` for nothing but an earlier commit. */
export class NaiveCommitOrder extends CommitOrderSaver {
  protected override isBefore(tuple: CheckpointTuple, id: string): boolean {
    const limit = this.commitOfId(tuple, id);
    return limit === undefined ? String(tuple.config.configurable?.checkpoint_id) < id : commitOf(tuple.config) < limit;
  }
}

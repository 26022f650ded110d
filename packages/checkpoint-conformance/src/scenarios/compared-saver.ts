import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type BaseCheckpointSaver,
  type CheckpointListOptions,
  type CheckpointTuple,
  type DeltaChannelHistory,
  isDeltaSnapshot,
} from "@langchain/langgraph-checkpoint";
import { collect } from "../checkpoints.js";
import { ForwardingSaver } from "../forwarding-saver.js";
import { type Difference, differences } from "./record-differences.js";
import { plain, tupleRecord } from "./thread-record.js";

/** A tuple with all that both savers were given: ids and versions are the same in both. */
const recordOf = (tuple: CheckpointTuple | undefined): unknown => {
  if (tuple === undefined) return undefined;
  const { v, id, ts, channel_versions, versions_seen } = tuple.checkpoint;
  return plain({ ...tupleRecord(tuple), v, id, ts, channel_versions, versions_seen });
};

/** Lists go namespace by namespace in one saver and by commits in another: compared is each namespace for itself. */
function byNamespace(tuples: readonly CheckpointTuple[]): Record<string, unknown[]> {
  const all: Record<string, unknown[]> = {};
  for (const tuple of tuples) {
    const ns = String(tuple.config.configurable?.checkpoint_ns ?? "");
    all[ns] = [...(all[ns] ?? []), recordOf(tuple)];
  }
  return all;
}

/** A saver that begins at a nearer snapshot has fewer writes to replay: compared are those that both have, and the seed of a whole history. */
function historyRecords(actual: DeltaChannelHistory | undefined, expected: DeltaChannelHistory | undefined) {
  const [ours, theirs] = [actual?.writes ?? [], expected?.writes ?? []];
  const isNearer = ours.length < theirs.length && isDeltaSnapshot(actual?.seed);
  const recorded = (history: DeltaChannelHistory | undefined, writes: readonly unknown[]): unknown =>
    plain({ writes, seed: isNearer ? undefined : history?.seed });
  return [recorded(actual, ours), recorded(expected, isNearer ? theirs.slice(theirs.length - ours.length) : theirs)];
}

type DeltaHistory = BaseCheckpointSaver["getDeltaChannelHistory"];

/** Does with another saver what is done with this one, and compares everything that the two read: the order of pending writes too. */
export class ComparedSaver extends ForwardingSaver {
  readonly #reference: BaseCheckpointSaver;
  readonly #found: Difference[];

  /** @param found where the differences go. */
  constructor(inner: BaseCheckpointSaver, reference: BaseCheckpointSaver, found: Difference[]) {
    super(inner);
    this.#reference = reference;
    this.#found = found;
  }

  override async put(...args: Parameters<BaseCheckpointSaver["put"]>): Promise<RunnableConfig> {
    const [result] = await Promise.all([super.put(...args), this.#reference.put(...args)]);
    return result;
  }

  override async putWrites(...args: Parameters<BaseCheckpointSaver["putWrites"]>): Promise<void> {
    await Promise.all([super.putWrites(...args), this.#reference.putWrites(...args)]);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const [actual, expected] = await Promise.all([super.getTuple(config), this.#reference.getTuple(config)]);
    this.#compare("getTuple", recordOf(actual), recordOf(expected));
    return actual;
  }

  override async *list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    const actual = await collect(super.list(config, options));
    this.#compare("list", byNamespace(actual), byNamespace(await collect(this.#reference.list(config, options))));
    yield* actual;
  }

  override async getDeltaChannelHistory(options: Parameters<DeltaHistory>[0]): ReturnType<DeltaHistory> {
    const [actual, expected] = await Promise.all([
      super.getDeltaChannelHistory(options),
      this.#reference.getDeltaChannelHistory(options),
    ]);
    for (const channel of options.channels) {
      const [ours, theirs] = historyRecords(actual[channel], expected[channel]);
      this.#compare(`getDeltaChannelHistory.${channel}`, ours, theirs);
    }
    return actual;
  }

  override async deleteThread(threadId: string): Promise<void> {
    await Promise.all([super.deleteThread(threadId), this.#reference.deleteThread(threadId)]);
  }

  #compare(read: string, actual: unknown, expected: unknown): void {
    this.#found.push(...differences(actual, expected, read));
  }
}

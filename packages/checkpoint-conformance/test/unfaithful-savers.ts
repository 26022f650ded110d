import type { RunnableConfig } from "@langchain/core/runnables";
import { Overwrite } from "@langchain/langgraph";
import {
  BaseCheckpointSaver,
  type CheckpointListOptions,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  INTERRUPT,
  MemorySaver,
} from "@langchain/langgraph-checkpoint";

type Writes = CheckpointPendingWrite[];

/** Reads pending writes in an order of its own, and replays delta channels in it. */
abstract class ReordersWrites extends MemorySaver {
  protected abstract reordered(writes: Writes, config: RunnableConfig): Writes;

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const tuple = await super.getTuple(config);
    return tuple && this.#reorder(tuple);
  }

  override async *list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    for await (const tuple of super.list(config, options)) yield this.#reorder(tuple);
  }

  override getDeltaChannelHistory(
    options: Parameters<BaseCheckpointSaver["getDeltaChannelHistory"]>[0],
  ): ReturnType<BaseCheckpointSaver["getDeltaChannelHistory"]> {
    return BaseCheckpointSaver.prototype.getDeltaChannelHistory.call(this, options);
  }

  #reorder(tuple: CheckpointTuple): CheckpointTuple {
    return { ...tuple, pendingWrites: this.reordered(tuple.pendingWrites ?? [], tuple.config) };
  }
}

const byTask = ([a]: CheckpointPendingWrite, [b]: CheckpointPendingWrite): number => (a < b ? -1 : a > b ? 1 : 0);

/** Knows no task paths. */
export class SortsByTaskIdOnly extends ReordersWrites {
  protected override reordered(writes: Writes): Writes {
    return writes.toSorted(byTask);
  }
}

/** Reads writes as they came. */
export class ReadsByArrival extends ReordersWrites {
  protected override reordered(writes: Writes, { configurable = {} }: RunnableConfig): Writes {
    const { thread_id, checkpoint_ns = "", checkpoint_id } = configurable;
    const arrived = Object.values(this.writes[JSON.stringify([thread_id, checkpoint_ns, checkpoint_id])] ?? {});
    const arrival = ([task, channel]: CheckpointPendingWrite): number =>
      arrived.findIndex(([byTaskId, onChannel]) => byTaskId === task && onChannel === channel);
    return writes.toSorted((a, b) => arrival(a) - arrival(b));
  }
}

/** Reads the interrupts of several tasks the wrong way round. */
export class ReversesInterrupts extends ReordersWrites {
  protected override reordered(writes: Writes): Writes {
    const interrupts = writes.filter(([, channel]) => channel === INTERRUPT);
    return writes.map((write) => (write[1] === INTERRUPT ? (interrupts.pop() ?? write) : write));
  }
}

/** Stores what an `Overwrite` holds, and forgets that it was one. */
export class LosesOverwrite extends MemorySaver {
  override putWrites(...[config, writes, ...task]: Parameters<MemorySaver["putWrites"]>): Promise<void> {
    const unwrapped = writes.map(
      ([channel, value]) => [channel, value instanceof Overwrite ? value.value : value] as (typeof writes)[number],
    );
    return super.putWrites(config, unwrapped, ...task);
  }
}

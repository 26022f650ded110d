import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointPendingWrite, DeltaChannelHistory } from "@langchain/langgraph-checkpoint";
import { type NamespaceRef, optionalCheckpointId, optionalNamespace, optionalThreadId } from "../config/ids.js";
import { decodeWrites, pendingWrite } from "../format/pending-writes.js";
import { channelNames, decodeCheckpoint } from "../format/record.js";
import type { SegmentReader } from "../format/segment-reader.js";
import type { ChannelValue } from "../format/value.js";
import { taskOrder } from "../format/write-order.js";
import type { ReadCheckpoint } from "../store/checkpoint-store.js";
import { decodeOf, loadOf } from "../store/stored-checkpoint.js";
import type { SaverContext, StoreContext } from "./context.js";
import { readEntry, segmentsOf } from "./get-tuple.js";

/** The writes of a checkpoint's ancestors by channel, and where each channel's walk ends. */
export async function getDeltaChannelHistory(
  saver: SaverContext,
  options: { config: RunnableConfig; channels: string[] },
): Promise<Record<string, DeltaChannelHistory>> {
  const { config, channels } = options;
  const threadId = optionalThreadId(config);
  if (threadId === undefined) return Object.fromEntries(channels.map((channel) => [channel, { writes: [] }]));
  const ref = { threadId, namespace: optionalNamespace(config) ?? "" };
  const checkpointId = optionalCheckpointId(config);
  if (channels.length === 0) return {};
  await saver.store.ready("getDeltaChannelHistory");
  const own = (): Promise<Record<string, DeltaChannelHistory>> => readHistory(saver, ref, checkpointId, channels);
  return saver.threads.getDeltaChannelHistory(options, threadId, own);
}

async function readHistory(
  saver: StoreContext,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  channels: readonly string[],
): Promise<Record<string, DeltaChannelHistory>> {
  const { store, serializer } = saver;
  const seeds = new Map<string, unknown>();
  const newestFirst = new Map<string, CheckpointPendingWrite[]>(channels.map((channel) => [channel, []]));
  walk: for await (const reading of store.getDeltaChannelHistory(ref, checkpointId, channels)) {
    const segments = await segmentsOf(saver, reading);
    for (const ancestor of reading.checkpoints) {
      const open = channels.filter((channel) => !seeds.has(channel));
      if (open.length === 0) break walk;
      const decode = <T>(part: (stored: ReadCheckpoint, segments: SegmentReader) => T): T =>
        decodeOf({ ...ref, checkpointId: ancestor.checkpointId }, () => part(ancestor, segments));
      const load = (value: ChannelValue): Promise<unknown> =>
        loadOf({ ...ref, checkpointId: ancestor.checkpointId }, () => serializer.load(value));
      const writes = decode(decodeWrites);
      for (const write of writes.sort(taskOrder(writes)).reverse()) {
        if (!open.includes(write.channel)) continue;
        newestFirst.get(write.channel)?.push(pendingWrite(write, await load(write.value)));
      }
      const names = decode(channelNames);
      if (!open.some((channel) => names.has(channel))) continue;
      const values = await valuesOf(saver, ref, ancestor, segments);
      for (const channel of open) {
        const value = values.get(channel);
        if (value !== undefined) seeds.set(channel, await load(value));
      }
    }
  }
  return Object.fromEntries(
    Array.from(newestFirst, ([channel, writes]) => {
      const history: DeltaChannelHistory = { writes: writes.reverse() };
      if (seeds.has(channel)) history.seed = seeds.get(channel);
      return [channel, history];
    }),
  );
}

/** The values of an ancestor. Read now if the walk did not expect them: a value from before its channel was a delta channel. */
async function valuesOf(
  saver: StoreContext,
  ref: NamespaceRef,
  ancestor: ReadCheckpoint,
  segments: SegmentReader,
): Promise<ReadonlyMap<string, ChannelValue>> {
  const ancestorRef = { ...ref, checkpointId: ancestor.checkpointId };
  if (ancestor.values === "all") return decodeOf(ancestorRef, () => decodeCheckpoint(ancestor, segments)).cached.channels;
  const read = await readEntry(saver, ancestorRef);
  return read === "not-stored" ? new Map() : read.cached.channels;
}

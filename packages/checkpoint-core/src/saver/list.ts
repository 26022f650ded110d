import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointListOptions, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { optionalCheckpointId, optionalNamespace, optionalThreadId } from "../config/ids.js";
import { metadataConditions } from "../config/metadata.js";
import { callback, type OnError, refuseUnknown } from "../config/options.js";
import { type Labels, resolveLabels } from "../config/run-config.js";
import { DeserializationError, InvalidConfigError } from "../errors.js";
import type { SegmentReader } from "../format/segment-reader.js";
import type { ThreadView } from "../leases/abandoned-threads.js";
import type { ListSelection, ReadCheckpoint, Reading } from "../store/checkpoint-store.js";
import type { SaverContext, StoreContext } from "./context.js";
import { decodeStored, readTuple, segmentsOf, tupleOf } from "./get-tuple.js";

/** Filters of a list of checkpoints. */
export interface ListOptions extends CheckpointListOptions {
  /** Only checkpoints with these labels (contract C-39). */
  readonly labels?: Labels;
  /** Called for each checkpoint that cannot be read, with its DeserializationError; the list continues. Without it, the list ends with the error. */
  readonly onError?: OnError;
}

/** Checkpoints of one thread, or of all, newest committed first (contract C-20 to C-25). */
export async function* list(saver: SaverContext, config: RunnableConfig, options: ListOptions): AsyncGenerator<CheckpointTuple> {
  refuseUnknown("list", options, ["limit", "before", "filter", "labels", "onError"]);
  const threadId = optionalThreadId(config);
  const selection = {
    namespace: optionalNamespace(config),
    checkpointId: optionalCheckpointId(config),
    before: options.before === undefined ? undefined : optionalCheckpointId(options.before),
    filter: options.filter,
    labels: resolveLabels(options.labels, saver.labels),
  };
  const limit = limitOf(options.limit);
  const onError = callback("onError", options.onError);
  if (options.filter !== undefined) metadataConditions(options.filter);
  await saver.store.ready("list");
  const own = ({ limit: most }: CheckpointListOptions): AsyncGenerator<CheckpointTuple> =>
    readList(saver, threadId, selection, most ?? limit, onError);
  yield* saver.threads.list(config, options, threadId, own);
}

/** @param onError called for what cannot be read, which is left out; without it, the error is thrown. */
async function* readList(
  saver: StoreContext,
  threadId: string | undefined,
  selection: ListSelection,
  limit: number,
  onError: OnError | undefined,
): AsyncGenerator<CheckpointTuple> {
  let left = limit;
  for await (const thread of threadId === undefined ? saver.store.listThreadIds() : [threadId]) {
    if (left <= 0) return;
    for await (const page of readablePages(saver.store.list(thread, selection, left), thread, onError)) {
      const segments = await segmentsOf(saver, page);
      for (const read of page.checkpoints) {
        left -= 1;
        const tuple = await readable(saver, thread, read, segments, onError);
        if (tuple !== undefined) yield tuple;
      }
    }
  }
}

/** A separate generator, so that what `onError` throws for a checkpoint is not reported again. */
async function* readablePages(
  pages: AsyncIterable<Reading>,
  threadId: string,
  onError: OnError | undefined,
): AsyncGenerator<Reading> {
  try {
    yield* pages;
  } catch (error) {
    report(error, threadId, onError);
  }
}

async function readable(
  saver: StoreContext,
  threadId: string,
  read: ReadCheckpoint,
  segments: SegmentReader,
  onError: OnError | undefined,
): Promise<CheckpointTuple | undefined> {
  try {
    return await tupleOf(saver, decodeStored(threadId, read, segments));
  } catch (error) {
    report(error, threadId, onError);
    return undefined;
  }
}

/** Reports unreadable bytes, and throws everything else. */
function report(error: unknown, threadId: string, onError: OnError | undefined): void {
  if (onError === undefined || !(error instanceof DeserializationError)) throw error;
  onError(error, threadId);
}

/** How a saver's threads are searched for unfinished work. */
export function viewOf(saver: SaverContext): ThreadView {
  return {
    latest: (threadId) => {
      const own = (): Promise<CheckpointTuple | undefined> => readTuple(saver, { threadId, namespace: "" }, undefined);
      return saver.threads.getTuple({ configurable: { checkpoint_ns: "" } }, threadId, own);
    },
    all: (threadId) => list(saver, { configurable: { thread_id: threadId } }, {}),
  };
}

function limitOf(limit: unknown): number {
  if (limit === undefined || limit === null) return Number.POSITIVE_INFINITY;
  if (typeof limit === "number" && Number.isInteger(limit) && limit >= 0) return limit;
  throw new InvalidConfigError(`limit is ${String(limit)}. It must be an integer of at least 0.`);
}

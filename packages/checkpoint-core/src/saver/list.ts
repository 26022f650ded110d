import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointListOptions, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { optionalCheckpointId, optionalNamespace, optionalThreadId } from "../config/ids.js";
import { metadataConditions } from "../config/metadata.js";
import { type Labels, resolveLabels } from "../config/run-config.js";
import { InvalidConfigError } from "../errors.js";
import { SegmentReader } from "../format/segment.js";
import { breathe } from "../format/turn.js";
import type { ThreadView } from "../leases/abandoned-threads.js";
import type { ListSelection } from "../store/checkpoint-store.js";
import type { SaverContext, StoreContext } from "./context.js";
import { decodeStored, readTuple, tupleOf } from "./get-tuple.js";

/** What narrows a list of checkpoints. */
export interface ListOptions extends CheckpointListOptions {
  /** Only checkpoints with these labels (contract C-39). */
  readonly labels?: Labels;
}

/** Checkpoints of one thread, or of all, newest committed first (contract C-20 to C-25). */
export async function* list(saver: SaverContext, config: RunnableConfig, options: ListOptions): AsyncGenerator<CheckpointTuple> {
  const threadId = optionalThreadId(config);
  const selection = {
    namespace: optionalNamespace(config),
    checkpointId: optionalCheckpointId(config),
    before: options.before === undefined ? undefined : optionalCheckpointId(options.before),
    filter: options.filter,
    labels: resolveLabels(options.labels),
  };
  const limit = limitOf(options.limit);
  if (options.filter !== undefined) metadataConditions(options.filter);
  await saver.store.ready("list");
  yield* saver.threads.list(config, options, threadId, (others) => readList(saver, threadId, selection, others.limit ?? limit));
}

async function* readList(
  saver: StoreContext,
  threadId: string | undefined,
  selection: ListSelection,
  limit: number,
): AsyncGenerator<CheckpointTuple> {
  let left = limit;
  for await (const thread of threadId === undefined ? saver.store.listThreadIds() : [threadId]) {
    if (left <= 0) return;
    for await (const page of saver.store.list(thread, selection, left)) {
      const segments = await SegmentReader.open(page.segments);
      for (const read of page.checkpoints) {
        left -= 1;
        await breathe();
        yield await tupleOf(saver, decodeStored(thread, read, segments));
      }
    }
  }
}

/** The threads of a saver, as their unfinished work is looked for. */
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

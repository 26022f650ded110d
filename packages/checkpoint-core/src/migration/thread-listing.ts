import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { storedThreadId } from "../config/ids.js";
import type { OnError } from "../config/options.js";

/**
 * Everything that a saver lists, as it lists it, in bounded memory: one checkpoint at a time, or `batch` of them from savers that would else hold all at
 * once with all their values.
 */
export async function* listedIn(
  saver: BaseCheckpointSaver,
  config: RunnableConfig,
  batch: number,
): AsyncGenerator<CheckpointTuple> {
  if (!listsByIdAtOnce(saver)) {
    yield* saver.list(config);
    return;
  }
  let before: RunnableConfig | undefined;
  for (;;) {
    let count = 0;
    for await (const tuple of saver.list(config, { limit: batch, ...(before === undefined ? {} : { before }) })) {
      count += 1;
      before = { configurable: { checkpoint_id: tuple.checkpoint.id } };
      yield tuple;
    }
    if (count < batch) return;
  }
}

/**
 * The official Postgres and SQLite savers read the whole answer of `list` before they yield the first item: with integer after integer of a growing
 * channel, gigabytes of a long conversation. They list by descending id across all namespaces and threads, so that pages with `before` come to the same.
 *
 * Nothing else can be paged: a saver that lists namespace by namespace, as MemorySaver does, would lose the newer checkpoints of the second one, and
 * nobody would notice. There is no way to ask a saver, so these two are known by name; a wrong guess the other way costs only memory.
 */
function listsByIdAtOnce(saver: BaseCheckpointSaver): boolean {
  return !("acquireThread" in saver) && BUFFERING.has(saver.constructor.name);
}

const BUFFERING: ReadonlySet<string> = new Set(["PostgresSaver", "SqliteSaver"]);

/**
 * The ids of all threads, each once. They are kept in memory; nothing else is.
 *
 * @param withDamaged whether those of which a saver of ours cannot read a checkpoint come, too, at the end; else the listing ends with the error.
 */
export async function* threadIdsIn(saver: BaseCheckpointSaver, batch: number, withDamaged: boolean): AsyncGenerator<string> {
  const seen = new Set<string>();
  const damaged = new Set<string>();
  const onError: OnError = (_, threadId) => damaged.add(threadId);
  const tuples = withDamaged && "acquireThread" in saver ? saver.list({}, { onError } as object) : listedIn(saver, {}, batch);
  for await (const { config } of tuples) {
    const threadId = storedThreadId(config.configurable?.thread_id);
    if (seen.has(threadId)) continue;
    seen.add(threadId);
    yield threadId;
  }
  for (const threadId of damaged) if (!seen.has(threadId)) yield threadId;
}

import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { storedThreadId } from "../config/ids.js";
import type { OnError } from "../config/options.js";
import { InvalidOptionsError } from "../errors.js";

/**
 * Everything that a saver lists, in its order and in bounded memory: one checkpoint at a time, or in batches from savers that would otherwise hold all of them
 * at once.
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
 * The official Postgres and SQLite savers read the whole answer of `list` before they yield the first item: gigabytes of a long conversation. They list by
 * descending id across all namespaces and threads, so paging with `before` gives the same result.
 *
 * No other saver is paged: one that lists namespace by namespace, as MemorySaver does, would silently lose the newer checkpoints of the second. Savers do not
 * say how they list, so these two are known by name; a saver that is not recognized costs only memory.
 */
function listsByIdAtOnce(saver: BaseCheckpointSaver): boolean {
  return !("acquireThread" in saver) && BUFFERING.has(saver.constructor.name);
}

const BUFFERING: ReadonlySet<string> = new Set(["PostgresSaver", "SqliteSaver"]);

/**
 * The ids of all threads, each once. Only the ids are kept in memory.
 *
 * @param withDamaged whether threads with a checkpoint that a saver of ours cannot read come at the end; otherwise the listing ends with the error.
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

/** @throws InvalidOptionsError when they are given and cannot be gone through. A string is iterable, too, character by character. */
export function checkThreads(threads: unknown): void {
  if (threads === undefined) return;
  const isObject = typeof threads === "object" && threads !== null;
  if (isObject && (Symbol.iterator in threads || Symbol.asyncIterator in threads)) return;
  throw new InvalidOptionsError("threads must be an array or another iterable of thread ids.");
}

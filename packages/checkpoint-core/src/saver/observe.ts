import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Events } from "../store/events.js";

/** The calls that are told of, and where each names its thread: in a config, as an id, in options, or not at all. */
const OPERATIONS: Readonly<Record<string, (first: unknown) => unknown>> = {
  setup: noThread,
  ping: noThread,
  getTuple: threadOfConfig,
  list: threadOfConfig,
  put: threadOfConfig,
  putWrites: threadOfConfig,
  getDeltaChannelHistory: (options) => threadOfConfig((options as { readonly config?: unknown } | undefined)?.config),
  deleteThread: itself,
  acquireThread: itself,
  revokeLease: itself,
  abandonedThreads: noThread,
  prune: noThread,
  deleteForRuns: noThread,
  copyThread: itself,
  listThreads: noThread,
  setLabels: itself,
  stats: itself,
  sweep: noThread,
  verify: itself,
  persist: itself,
};

type Method = (...args: unknown[]) => unknown;

/**
 * Tells of each call of a saver when it has ended. Here, and not in each method, so that without a listener nothing is in the way of a call; what else is to
 * watch calls (a tracing channel) belongs around `during`, too.
 */
export function observe(saver: BaseCheckpointSaver, events: Events): void {
  if (!events.isHeard) return;
  const methods = saver as unknown as Record<string, Method | undefined>;
  for (const [operation, threadOf] of Object.entries(OPERATIONS)) {
    const method = methods[operation];
    if (method === undefined) continue;
    const during: Method = (...args) => tellOf(events, operation, nameOf(threadOf(args[0])), () => method.apply(saver, args));
    Object.defineProperty(saver, operation, { value: during, configurable: true, writable: true });
  }
}

function tellOf(events: Events, operation: string, threadId: string | undefined, call: () => unknown): unknown {
  const start = performance.now();
  const ended = (durationMs: number, error: unknown): void =>
    events.emit({ kind: "operation", operation, threadId, durationMs, error });
  const result = call();
  if (isGenerator(result)) return timed(result, ended);
  // The promise itself is given back: LangGraph must get that of putWrites, which nobody has to look at.
  void (result as Promise<unknown>).then(
    () => ended(performance.now() - start, undefined),
    (error: unknown) => ended(performance.now() - start, error),
  );
  return result;
}

async function* timed<T>(items: AsyncGenerator<T>, ended: (durationMs: number, error: unknown) => void): AsyncGenerator<T> {
  let durationMs = 0;
  let failure: unknown;
  try {
    for (;;) {
      const start = performance.now();
      const next = await items.next().finally(() => {
        durationMs += performance.now() - start;
      });
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    await items.return(undefined);
    ended(durationMs, failure);
  }
}

function isGenerator(value: unknown): value is AsyncGenerator<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function threadOfConfig(config: unknown): unknown {
  return (config as { readonly configurable?: { readonly thread_id?: unknown } } | undefined)?.configurable?.thread_id;
}

function itself(threadId: unknown): unknown {
  return threadId;
}

function noThread(): undefined {
  return undefined;
}

/** As it is given: whether it can be the id of a thread is for the call to say. */
function nameOf(threadId: unknown): string | undefined {
  return typeof threadId === "string" || typeof threadId === "number" || typeof threadId === "bigint"
    ? String(threadId)
    : undefined;
}

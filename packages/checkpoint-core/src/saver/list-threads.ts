import { describe, MAX_THREAD_ID_BYTES, malformation } from "../config/ids.js";
import { duration, integer, refuseUnknown } from "../config/options.js";
import { type Labels, resolveLabels } from "../config/run-config.js";
import { InvalidOptionsError } from "../errors.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import type { ThreadSelection, ThreadSummary } from "../store/thread-store.js";

/** Which threads to list. */
export interface ListThreadsOptions {
  /** Only threads whose id starts with this text. */
  readonly prefix?: string;
  /** Only threads that were written to since then. The time of the last write is exact to the minute; threads in doubt are included. */
  readonly updatedAfter?: Date;
  /** Only threads that were not written to for this many milliseconds, by the clock of the store. */
  readonly idleFor?: number;
  /** Where to continue: the last thread of the previous page. */
  readonly before?: Pick<ThreadInfo, "threadId" | "updatedAt">;
  /** Only threads that have these labels. */
  readonly labels?: Labels;
  /** The most threads to list. Default: all, read page by page. */
  readonly limit?: number;
  /** Ends the list, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A thread in `listThreads`. */
export interface ThreadInfo {
  readonly threadId: string;
  /** `""` is the graph itself, others are its subgraphs. */
  readonly namespaces: readonly string[];
  readonly checkpoints: number;
  /** When its oldest checkpoint was committed. */
  readonly createdAt: Date;
  /** When it was last written to, to the minute. */
  readonly updatedAt: Date;
  /** Bytes of its rows, as compressed, without indexes. */
  readonly bytes: number;
  /** The last labels that its runs gave (contract C-39). */
  readonly labels: Labels;
  /** Whether its latest checkpoint waits for a human: an interrupt without an answer. */
  readonly isWaiting: boolean;
  /** The holder of its lease by its own name, and the milliseconds until the lease ends. */
  readonly lease: { readonly owner: string | undefined; readonly remainingMs: number } | undefined;
}

/** @throws InvalidOptionsError */
export function resolveListThreads(options: ListThreadsOptions = {}): { selection: ThreadSelection; limit: number } {
  refuseUnknown("listThreads", options, ["prefix", "updatedAfter", "idleFor", "before", "labels", "limit", "signal"]);
  const { prefix, updatedAfter, idleFor, before, labels, limit = Number.POSITIVE_INFINITY } = options;
  if (prefix !== undefined) {
    if (typeof prefix !== "string") throw new InvalidOptionsError(`prefix is ${describe(prefix)}. It must be a string.`);
    const fault = malformation(prefix, MAX_THREAD_ID_BYTES);
    if (fault !== undefined) throw new InvalidOptionsError(`prefix ${fault}.`);
  }
  if (limit !== Number.POSITIVE_INFINITY) integer("limit", limit, 0);
  const selection: ThreadSelection = {
    prefix: prefix === "" ? undefined : prefix,
    updatedAfter: time("updatedAfter", updatedAfter),
    idleMs: idleFor === undefined ? undefined : duration("idleFor", idleFor),
    before: resolveBefore(before),
    labels: resolveLabels(labels),
  };
  return { selection, limit };
}

function resolveBefore(before: ListThreadsOptions["before"]): ThreadSelection["before"] {
  if (before === undefined) return undefined;
  const { threadId, updatedAt }: Partial<typeof before> = (before as typeof before | null) ?? {};
  const at = time("before.updatedAt", updatedAt);
  if (typeof threadId !== "string" || at === undefined) {
    throw new InvalidOptionsError("before must have the threadId and updatedAt of a listed thread.");
  }
  return { threadId, updatedAt: at };
}

function time(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw new InvalidOptionsError(`${name} is ${describe(value)}. It must be a valid Date.`);
}

/**
 * Threads, the last written first.
 *
 * @param isAnswered whether a thread with an interrupt and a resume value was answered, and has not asked again.
 */
export async function* listThreads(
  store: CheckpointStore,
  options: ListThreadsOptions | undefined,
  isAnswered: (threadId: string) => Promise<boolean>,
): AsyncGenerator<ThreadInfo> {
  const { selection, limit } = resolveListThreads(options);
  await store.ready("listThreads");
  if (limit === 0) return;
  for await (const summary of store.listThreads(selection, limit)) {
    yield { ...infoOf(summary), isWaiting: await isWaiting(summary, isAnswered) };
  }
}

async function isWaiting(
  { threadId, question }: ThreadSummary,
  isAnswered: (threadId: string) => Promise<boolean>,
): Promise<boolean> {
  if (question !== "answered") return question === "open";
  return !(await isAnswered(threadId));
}

function infoOf({ question: _, createdAt, updatedAt, ...summary }: ThreadSummary): Omit<ThreadInfo, "isWaiting"> {
  return { ...summary, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) };
}

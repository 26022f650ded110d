import { describe, MAX_THREAD_ID_BYTES, malformation, type ThreadIdParts, threadId } from "../config/ids.js";
import { duration, integer, refuseUnknown } from "../config/options.js";
import { type LabelRules, type Labels, resolveLabels } from "../config/run-config.js";
import { InvalidOptionsError } from "../errors.js";
import type { ThreadPosition, ThreadSelection, ThreadSummary } from "../store/thread-store.js";
import type { SaverContext } from "./context.js";

/** Which threads to list. */
export interface ListThreadsOptions {
  /** Only threads whose id starts with this text. To keep tenants or users apart, use `within`. */
  readonly prefix?: string;
  /** Only threads whose id `threadId` built from these parts, and perhaps further ones inside of them: the outermost ones, as a whole, never a part of a name. */
  readonly within?: ThreadIdParts;
  /** Only threads that were written to since then. The time of the last write is exact to the minute; threads in doubt are included. */
  readonly updatedAfter?: Date;
  /** Only threads that were not written to for this many milliseconds, by the clock of the store. */
  readonly idleFor?: number;
  /** Where to continue: the `cursor` of the last thread of the previous page. */
  readonly cursor?: string;
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
  /** When the graph's last checkpoint was committed, or something else was written later. That is known to the minute. */
  readonly updatedAt: Date;
  /** Where it stands in the list: gives the threads behind it to `listThreads`. A text without meaning, which may be sent to a browser and back. */
  readonly cursor: string;
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
function resolveListThreads(options: ListThreadsOptions = {}, rules: LabelRules): { selection: ThreadSelection; limit: number } {
  refuseUnknown("listThreads", options, ["prefix", "within", "updatedAfter", "idleFor", "cursor", "labels", "limit", "signal"]);
  const { updatedAfter, idleFor, cursor, limit = Number.POSITIVE_INFINITY } = options;
  if (limit !== Number.POSITIVE_INFINITY) integer("limit", limit, 0);
  const selection: ThreadSelection = {
    ...resolveWhich(options, rules),
    updatedAfter: time("updatedAfter", updatedAfter),
    idleMs: idleFor === undefined ? undefined : duration("idleFor", idleFor),
    before: resolveCursor(cursor),
  };
  return { selection, limit };
}

/** Which threads, whenever they were written to. */
export type WhichThreads = Pick<ListThreadsOptions, "prefix" | "within" | "labels">;

/** @throws InvalidOptionsError, InvalidThreadIdError (within) */
export function resolveWhich(
  { prefix, within, labels }: WhichThreads,
  rules: LabelRules,
): Pick<ThreadSelection, keyof WhichThreads> {
  if (prefix !== undefined) {
    if (typeof prefix !== "string") throw new InvalidOptionsError(`prefix is ${describe(prefix)}. It must be a string.`);
    const fault = malformation(prefix, MAX_THREAD_ID_BYTES);
    if (fault !== undefined) throw new InvalidOptionsError(`prefix ${fault}.`);
  }
  return {
    prefix: prefix === "" ? undefined : prefix,
    within: within === undefined ? undefined : threadId(within),
    labels: resolveLabels(labels, rules),
  };
}

/** The first character is the form of what follows. */
const CURSOR_FORM = "1";

function cursorOf({ position, threadId }: ThreadPosition): string {
  return CURSOR_FORM + Buffer.from(`${position} ${threadId}`, "utf8").toString("base64url");
}

function resolveCursor(cursor: unknown): ThreadPosition | undefined {
  if (cursor === undefined) return undefined;
  if (typeof cursor === "string" && cursor.startsWith(CURSOR_FORM)) {
    const text = Buffer.from(cursor.slice(CURSOR_FORM.length), "base64url").toString("utf8");
    const [, position, id] = /^(\d{1,17}) (.+)$/s.exec(text) ?? [];
    if (position !== undefined && id !== undefined && cursorOf({ position, threadId: id }) === cursor) {
      if (malformation(id, MAX_THREAD_ID_BYTES) === undefined) return { position, threadId: id };
    }
  }
  throw new InvalidOptionsError("cursor must be the cursor of a thread that listThreads gave.");
}

function time(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw new InvalidOptionsError(`${name} is ${describe(value)}. It must be a valid Date.`);
}

/**
 * Threads, the one with the last turn first.
 *
 * @param isAnswered whether a thread with an interrupt and a resume value was answered, and has not asked again.
 */
export async function* listThreads(
  { store, labels }: Pick<SaverContext, "store" | "labels">,
  options: ListThreadsOptions | undefined,
  isAnswered: (threadId: string) => Promise<boolean>,
): AsyncGenerator<ThreadInfo> {
  const { selection, limit } = resolveListThreads(options, labels);
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

function infoOf({ question: _, createdAt, position, ...summary }: ThreadSummary): Omit<ThreadInfo, "isWaiting"> {
  const updatedAt = new Date(Math.floor(Number(position) / 1_000));
  return { ...summary, createdAt: new Date(createdAt), updatedAt, cursor: cursorOf({ position, threadId: summary.threadId }) };
}

import type { ThreadPosition, ThreadSelection, ThreadSummary } from "@holdfast/checkpoint-core/adapter";
import { decodeId } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import { INDEX_SHARDS, type Keys } from "../keys.js";
import orderedText from "../lua/ordered.lua";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { hasLabels } from "./list.js";
import threadPositionText from "./list-threads.position.lua";
import threadSummaryText from "./list-threads.summary.lua";
import listUpdatedText from "./list-threads.updated.lua";
import { statusOf } from "./read-checkpoints.js";

const listUpdatedScript = script(orderedText, listUpdatedText);
const threadPositionScript = script(threadText, threadPositionText);
const threadSummaryScript = script(threadText, rowsText, threadSummaryText);

const MINUTE_MS = 60_000;
/** Entries of each shard in a page. */
const PAGE = 64;
/** Threads that are read in parallel. */
const AT_ONCE = 32;

/** A thread as the index has it. */
interface IndexedThread {
  readonly threadId: string;
  /** The minute of its last write, in milliseconds. */
  readonly minute: number;
}

/**
 * Threads, the last written first: merges the shards of the index, and reads each thread. The index knows the minute; threads of one minute are sorted by the time
 * in their own hash.
 */
export async function* listThreads(
  redis: Connection,
  keys: Keys,
  selection: ThreadSelection,
  limit: number,
): AsyncGenerator<ThreadSummary> {
  const { labels } = selection;
  let left = limit;
  let some: IndexedThread[] = [];
  const look = async function* (): AsyncGenerator<ThreadSummary> {
    const summaries = await Promise.all(some.map((thread) => summaryOf(redis, keys, thread)));
    some = [];
    for (const summary of summaries) {
      if (summary === undefined || (labels !== undefined && !hasLabels(summary.labels, labels))) continue;
      if (left <= 0) return;
      left -= 1;
      yield summary;
    }
  };
  for await (const thread of inOrder(redis, keys, selection)) {
    some.push(thread);
    if (some.length < Math.min(AT_ONCE, left)) continue;
    yield* look();
    if (left <= 0) return;
  }
  yield* look();
}

/** Minute by minute. */
async function* inOrder(redis: Connection, keys: Keys, selection: ThreadSelection): AsyncGenerator<IndexedThread> {
  let ofMinute: IndexedThread[] = [];
  for await (const thread of indexedThreads(redis, keys, selection)) {
    if (!isSelected(thread.threadId, selection)) continue;
    if (ofMinute[0] !== undefined && ofMinute[0].minute !== thread.minute) {
      yield* await sorted(redis, keys, ofMinute, selection.before);
      ofMinute = [];
    }
    ofMinute.push(thread);
  }
  yield* await sorted(redis, keys, ofMinute, selection.before);
}

function isSelected(threadId: string, { prefix, within }: ThreadSelection): boolean {
  return (prefix === undefined || threadId.startsWith(prefix)) && (within === undefined || isWithin(threadId, within));
}

/** Threads of one minute, in order. One by itself needs none, unless it is to come behind another. */
async function sorted(
  redis: Connection,
  keys: Keys,
  ofMinute: readonly IndexedThread[],
  before: ThreadPosition | undefined,
): Promise<IndexedThread[]> {
  const goesOnHere = before !== undefined && ofMinute[0]?.minute === minuteOf(before);
  if (ofMinute.length < 2 && !goesOnHere) return [...ofMinute];
  const found: (IndexedThread & ThreadPosition)[] = [];
  for (let from = 0; from < ofMinute.length; from += PAGE) {
    const page = ofMinute.slice(from, from + PAGE);
    found.push(
      ...(await Promise.all(page.map((thread) => positionOf(redis, keys, thread)))).filter((each) => each !== undefined),
    );
  }
  return found.filter((each) => before === undefined || comesBefore(before, each)).sort((a, b) => (comesBefore(a, b) ? -1 : 1));
}

/** @returns `undefined` for a thread that has expired, or is not there yet. */
async function positionOf(
  redis: Connection,
  keys: Keys,
  thread: IndexedThread,
): Promise<(IndexedThread & ThreadPosition) | undefined> {
  const reply = await redis.run("listThreads", threadPositionScript, keys.thread(thread.threadId), []);
  statusOf(reply, "listThreads");
  const updated = String(reply[1]);
  return updated === "" ? undefined : { ...thread, position: withinMinute(thread.minute, updated) };
}

/** Where a thread and its entry are on different servers, their clocks may differ: the entry's minute counts, so that no thread is listed twice or never. */
function withinMinute(minute: number, updated: string): string {
  const [first, last] = [minute * 1_000, (minute + MINUTE_MS) * 1_000 - 1];
  return String(Math.min(Math.max(Number(updated), first), last));
}

function minuteOf({ position }: ThreadPosition): number {
  const milliseconds = Math.floor(Number(position) / 1_000);
  return milliseconds - (milliseconds % MINUTE_MS);
}

/** Whether a thread's id is this one, or goes on from it behind a slash. */
export function isWithin(threadId: string, within: string): boolean {
  return threadId === within || threadId.startsWith(`${within}/`);
}

/** The minute of the last write first. */
async function* indexedThreads(redis: Connection, keys: Keys, selection: ThreadSelection): AsyncGenerator<IndexedThread> {
  const { updatedAfter, before, idleMs } = selection;
  // The index notes the minute of a write, and does not show writes up to a minute later.
  const earliest = updatedAfter === undefined ? undefined : updatedAfter - MINUTE_MS - (updatedAfter % MINUTE_MS);
  // No id comes before the empty one: what is of an earlier minute than that after the one to go on in.
  const after = before === undefined ? undefined : { threadId: "", minute: minuteOf(before) + MINUTE_MS };
  const shards = Array.from({ length: INDEX_SHARDS }, (_, number) =>
    pagesOf(redis, keys.shard(number).slice(2), { after, idleMs, earliest }),
  );
  const heads = await Promise.all(shards.map((shard) => shard.next()));
  for (;;) {
    const first = heads.reduce<number | undefined>((best, head, n) => {
      if (head.done === true) return best;
      const other = best === undefined ? undefined : heads[best];
      return other === undefined || other.done === true || head.value.minute > other.value.minute ? n : best;
    }, undefined);
    const head = first === undefined ? undefined : heads[first];
    if (first === undefined || head === undefined || head.done === true) return;
    yield head.value;
    heads[first] = await (shards[first] as (typeof shards)[number]).next();
  }
}

function comesBefore(a: ThreadPosition, b: ThreadPosition): boolean {
  if (a.position !== b.position) return Number(a.position) > Number(b.position);
  return Buffer.compare(Buffer.from(a.threadId, "utf8"), Buffer.from(b.threadId, "utf8")) > 0;
}

async function* pagesOf(
  redis: Connection,
  shard: readonly string[],
  narrowed: {
    readonly after: IndexedThread | undefined;
    readonly idleMs: number | undefined;
    readonly earliest: number | undefined;
  },
): AsyncGenerator<IndexedThread, undefined> {
  let { after } = narrowed;
  for (;;) {
    const args = [after?.minute ?? "", after?.threadId ?? "", narrowed.idleMs ?? "", PAGE];
    const reply = await redis.run("listThreads", listUpdatedScript, shard, args);
    const members = reply[1] as readonly Buffer[];
    for (let n = 0; n < members.length; n += 2) {
      const thread = { threadId: String(members[n]), minute: Number(members[n + 1]) };
      if (narrowed.earliest !== undefined && thread.minute < narrowed.earliest) return undefined;
      yield thread;
      after = thread;
    }
    if (members.length < 2 * PAGE) return undefined;
  }
}

/** @returns `undefined` for a thread that has expired or does not exist yet. */
async function summaryOf(redis: Connection, keys: Keys, thread: IndexedThread): Promise<ThreadSummary | undefined> {
  const reply = await redis.run("listThreads", threadSummaryScript, keys.thread(thread.threadId), []);
  if (statusOf(reply, "listThreads") !== "found") return undefined;
  const [, list, checkpoints, leaseLeft, slots] = reply as readonly [
    unknown,
    readonly Buffer[],
    Buffer,
    Buffer,
    readonly Buffer[],
  ];
  const fields = new Map(Array.from({ length: list.length / 2 }, (_, n) => [String(list[2 * n]), String(list[2 * n + 1])]));
  const named = (prefix: string): [string, string][] =>
    [...fields].flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : []));
  return {
    threadId: thread.threadId,
    position: withinMinute(thread.minute, fields.get("updated") ?? ""),
    namespaces: named("latest:")
      .map(([namespace]) => namespace)
      .sort(),
    checkpoints: Number(checkpoints) - Number(fields.get("hidden") ?? 0),
    createdAt: Math.floor(Number(fields.get("created") ?? 0) / 1_000),
    bytes: Number(fields.get("bytes") ?? 0),
    labels: Object.fromEntries(named("label:")),
    lease:
      leaseLeft.length === 0
        ? undefined
        : { owner: fields.get("lease_owner") || undefined, remainingMs: Number(String(leaseLeft)) },
    question: questionOf(slots),
  };
}

/** As in core's `pending-writes.ts` and `pending-question.ts`. */
const [INTERRUPT, RESUME] = [-3, -4];
const ANY_TASK = "00000000-0000-0000-0000-000000000000";

/** @param slots numbers and tasks in turn. */
function questionOf(slots: readonly Buffer[]): ThreadSummary["question"] {
  const written = Array.from({ length: slots.length / 2 }, (_, n) => {
    const [slot, task] = slots.slice(2 * n, 2 * n + 2) as [Buffer, Buffer];
    // Of a damaged row, what can be seen: whoever reads it is told.
    return { slot: slot.length < 4 ? 0 : slot.readInt32LE(0), task: decodeId(task) };
  });
  const finished = new Set(written.filter(({ slot }) => slot > 0).map(({ task }) => task));
  if (!written.some(({ slot, task }) => slot === INTERRUPT && !finished.has(task))) return "none";
  return written.some(({ slot, task }) => slot === RESUME && task === ANY_TASK) ? "answered" : "open";
}

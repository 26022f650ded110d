import type { ThreadSelection, ThreadSummary } from "@holdfast/checkpoint-core/adapter";
import { decodeId } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import { INDEX_SHARDS, type Keys } from "../keys.js";
import orderedText from "../lua/ordered.lua";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { hasLabels } from "./list.js";
import threadSummaryText from "./list-threads.summary.lua";
import listUpdatedText from "./list-threads.updated.lua";
import { statusOf } from "./read-checkpoints.js";

const listUpdatedScript = script(orderedText, listUpdatedText);
const threadSummaryScript = script(threadText, rowsText, threadSummaryText);

const MINUTE_MS = 60_000;
/** Entries of each shard in a page. */
const PAGE = 64;
/** Threads that are read in parallel. */
const AT_ONCE = 32;

interface IndexedThread {
  readonly threadId: string;
  readonly updatedAt: number;
}

/** Threads, the last written first: merges the shards of the index, and reads each thread. */
export async function* listThreads(
  redis: Connection,
  keys: Keys,
  selection: ThreadSelection,
  limit: number,
): AsyncGenerator<ThreadSummary> {
  const { prefix, labels } = selection;
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
  for await (const thread of indexedThreads(redis, keys, selection)) {
    if (prefix !== undefined && !thread.threadId.startsWith(prefix)) continue;
    some.push(thread);
    if (some.length < Math.min(AT_ONCE, left)) continue;
    yield* look();
    if (left <= 0) return;
  }
  yield* look();
}

/** In the order of the listing. */
async function* indexedThreads(redis: Connection, keys: Keys, selection: ThreadSelection): AsyncGenerator<IndexedThread> {
  const { updatedAfter, before, idleMs } = selection;
  // The index notes the minute of a write, and does not show writes up to a minute later.
  const earliest = updatedAfter === undefined ? undefined : updatedAfter - MINUTE_MS - (updatedAfter % MINUTE_MS);
  const shards = Array.from({ length: INDEX_SHARDS }, (_, number) =>
    pagesOf(redis, keys.shard(number).slice(2), { before, idleMs, earliest }),
  );
  const heads = await Promise.all(shards.map((shard) => shard.next()));
  for (;;) {
    const first = heads.reduce<number | undefined>((best, head, n) => {
      if (head.done === true) return best;
      const other = best === undefined ? undefined : heads[best];
      return other === undefined || other.done === true || comesBefore(head.value, other.value) ? n : best;
    }, undefined);
    const head = first === undefined ? undefined : heads[first];
    if (first === undefined || head === undefined || head.done === true) return;
    yield head.value;
    heads[first] = await (shards[first] as (typeof shards)[number]).next();
  }
}

function comesBefore(a: IndexedThread, b: IndexedThread): boolean {
  if (a.updatedAt !== b.updatedAt) return a.updatedAt > b.updatedAt;
  return Buffer.compare(Buffer.from(a.threadId, "utf8"), Buffer.from(b.threadId, "utf8")) > 0;
}

async function* pagesOf(
  redis: Connection,
  shard: readonly string[],
  narrowed: Pick<ThreadSelection, "before" | "idleMs"> & { readonly earliest: number | undefined },
): AsyncGenerator<IndexedThread, undefined> {
  let { before } = narrowed;
  for (;;) {
    const args = [before?.updatedAt ?? "", before?.threadId ?? "", narrowed.idleMs ?? "", PAGE];
    const reply = await redis.run("listThreads", listUpdatedScript, shard, args);
    const members = reply[1] as readonly Buffer[];
    for (let n = 0; n < members.length; n += 2) {
      const thread = { threadId: String(members[n]), updatedAt: Number(members[n + 1]) };
      if (narrowed.earliest !== undefined && thread.updatedAt < narrowed.earliest) return undefined;
      yield thread;
      before = thread;
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
    ...thread,
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
  const written = Array.from({ length: slots.length / 2 }, (_, n) => ({
    slot: (slots[2 * n] as Buffer).readInt32LE(0),
    task: decodeId(slots[2 * n + 1] as Buffer),
  }));
  const finished = new Set(written.filter(({ slot }) => slot > 0).map(({ task }) => task));
  if (!written.some(({ slot, task }) => slot === INTERRUPT && !finished.has(task))) return "none";
  return written.some(({ slot, task }) => slot === RESUME && task === ANY_TASK) ? "answered" : "open";
}

import type { AmongThreads } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { isWithin } from "./list-threads.js";
import { statusOf } from "./read-checkpoints.js";
import { allThreads } from "./sweep.js";
import hasRunsText from "./threads-of-runs.lua";

const hasRunsScript = script(threadText, rowsText, hasRunsText);

/** This many take the server some 10 ms. */
const PAGE = 4_096;

/** Ids of the threads that have something of one of these runs. There is no index by run, so this searches every thread, unless some are named. */
export async function* threadsOfRuns(
  redis: Connection,
  keys: Keys,
  runIds: readonly string[],
  { threads, within }: AmongThreads,
): AsyncGenerator<string> {
  if (runIds.length === 0) return;
  for await (const some of threads === undefined ? allThreads(redis, keys, "deleteForRuns") : pagesOf(threads)) {
    const threadIds = within === undefined ? some : some.filter((threadId) => isWithin(threadId, within));
    const found = await Promise.all(threadIds.map((threadId) => hasRuns(redis, keys, threadId, runIds)));
    for (const [n, threadId] of threadIds.entries()) if (found[n] === true) yield threadId;
  }
}

/** Threads that are looked at side by side. */
const AT_ONCE = 128;

function* pagesOf(threads: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < threads.length; from += AT_ONCE) yield threads.slice(from, from + AT_ONCE);
}

async function hasRuns(redis: Connection, keys: Keys, threadId: string, runIds: readonly string[]): Promise<boolean> {
  // Labels in rows are JSON; the run of a slot is not.
  const texts = [...new Set(runIds.flatMap((id) => [id, JSON.stringify(id).slice(1, -1)]))];
  for (let rank = "0"; rank !== ""; ) {
    const reply = await redis.run("deleteForRuns", hasRunsScript, keys.thread(threadId), [rank, PAGE, ...texts]);
    const status = statusOf(reply, "deleteForRuns");
    if (status === "found") return true;
    rank = status === "next" ? String(reply[1]) : "";
  }
  return false;
}

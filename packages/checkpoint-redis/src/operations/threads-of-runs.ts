import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import { allThreads } from "./sweep.js";
import hasRunsText from "./threads-of-runs.lua";

const hasRunsScript = script(threadText, rowsText, hasRunsText);

/** This many take the server some 10 ms. */
const PAGE = 4_096;

/** Ids of the threads that have something of one of these runs. There is no index by run, so this searches every thread. */
export async function* threadsOfRuns(redis: Connection, keys: Keys, runIds: readonly string[]): AsyncGenerator<string> {
  if (runIds.length === 0) return;
  for await (const threadIds of allThreads(redis, keys, "deleteForRuns")) {
    const found = await Promise.all(threadIds.map((threadId) => hasRuns(redis, keys, threadId, runIds)));
    for (const [n, threadId] of threadIds.entries()) if (found[n] === true) yield threadId;
  }
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

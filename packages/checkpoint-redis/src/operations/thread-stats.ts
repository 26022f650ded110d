import type { StoredThread } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import storedAmountText from "./thread-stats.lua";

const storedAmountScript = script(threadText, rowsText, storedAmountText);

/** What is stored for a thread, by its own counters; `undefined` if there is no such thread. */
export async function threadStats(redis: Connection, keys: Keys, threadId: string): Promise<StoredThread | undefined> {
  const reply = await redis.run("stats", storedAmountScript, keys.thread(threadId), []);
  if (statusOf(reply, "stats") !== "found") return undefined;
  const [, checkpoints, segments, pendingWrites, bytes, oldest, checkpointsLastDay] = reply.map(String);
  return {
    checkpoints: Number(checkpoints),
    segments: Number(segments),
    pendingWrites: Number(pendingWrites),
    bytes: Number(bytes),
    oldest: oldest === "" ? undefined : Number(oldest),
    checkpointsLastDay: Number(checkpointsLastDay),
  };
}

import { isHoldfastError, type StoredThread, type StoreStats } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { allThreads } from "./sweep.js";
import { threadStats } from "./thread-stats.js";

/** The sum over all threads: a round trip for every few hundred threads. */
export async function stats(redis: Connection, keys: Keys): Promise<StoreStats> {
  let sum: Omit<StoreStats, "occupiedBytes"> = {
    threads: 0,
    checkpoints: 0,
    segments: 0,
    pendingWrites: 0,
    bytes: 0,
    oldest: undefined,
    checkpointsLastDay: 0,
  };
  for await (const threadIds of allThreads(redis, keys, "stats")) {
    for (const stored of await Promise.all(threadIds.map((threadId) => threadStats(redis, keys, threadId)))) {
      if (stored !== undefined) sum = { threads: sum.threads + 1, ...added(sum, stored) };
    }
  }
  return { ...sum, occupiedBytes: (await usedMemory(redis)) ?? sum.bytes };
}

function added(a: StoredThread, b: StoredThread): StoredThread {
  return {
    checkpoints: a.checkpoints + b.checkpoints,
    segments: a.segments + b.segments,
    pendingWrites: a.pendingWrites + b.pendingWrites,
    bytes: a.bytes + b.bytes,
    oldest: a.oldest === undefined || b.oldest === undefined ? (a.oldest ?? b.oldest) : Math.min(a.oldest, b.oldest),
    checkpointsLastDay: a.checkpointsLastDay + b.checkpointsLastDay,
  };
}

/** The memory that the servers use, including other data; `undefined` if they forbid the question. */
async function usedMemory(redis: Connection): Promise<number | undefined> {
  try {
    const infos = await redis.ask("stats", "info", "memory");
    const used = infos.map((info) => Number(/^used_memory:(\d+)/m.exec(String(info))?.[1]));
    return used.some(Number.isNaN) ? undefined : used.reduce((sum, bytes) => sum + bytes, 0);
  } catch (error) {
    if (isHoldfastError(error) && error.code === "HOLDFAST_STORE_FAILURE") return undefined;
    throw error;
  }
}

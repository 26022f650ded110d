import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { persistScript } from "../scripts/index.js";
import { statusOf } from "./read.js";

/** Takes a thread's time away: it expires no more, whatever later runs say but a time of their own. @returns whether there is such a thread. */
export async function persist(redis: Connection, keys: Keys, threadId: string): Promise<boolean> {
  return statusOf(await redis.runDurably("persist", persistScript, keys.thread(threadId), []), "persist") === "persisted";
}

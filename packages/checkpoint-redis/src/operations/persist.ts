import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import persistText from "./persist.lua";
import { statusOf } from "./read-checkpoints.js";

const persistScript = script(threadText, persistText);

/** Removes a thread's time to live, until a run sets one of its own. @returns whether there is such a thread. */
export async function persist(redis: Connection, keys: Keys, threadId: string): Promise<boolean> {
  return statusOf(await redis.runDurably("persist", persistScript, keys.thread(threadId), []), "persist") === "persisted";
}

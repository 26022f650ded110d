import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { threadKeyScript } from "../scripts/index.js";
import { statusOf } from "./read.js";

/** The key of the thread's life now; `undefined` when there is no such thread. */
export async function threadKey(redis: Connection, keys: Keys, threadId: string, operation: string): Promise<string | undefined> {
  const reply = await redis.run(operation, threadKeyScript, keys.thread(threadId), []);
  statusOf(reply, operation);
  return String(reply[1]) || undefined;
}

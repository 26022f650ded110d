import { randomBytes } from "node:crypto";
import { StoreMoment } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import threadKeyText from "./thread-key.lua";

const threadKeyScript = script(threadText, threadKeyText);

/** The key of a thread, `undefined` if there is no such thread, and when it was read. */
export interface TimedThreadKey {
  readonly threadKey: string | undefined;
  readonly seen: StoreMoment;
  /** Milliseconds until the thread expires; `Infinity`: never. */
  readonly lastsMs: number;
  /** Whether it is being migrated from another saver. */
  readonly isIncomplete: boolean;
}

export async function timedThreadKey(
  redis: Connection,
  keys: Keys,
  threadId: string,
  operation: string,
): Promise<TimedThreadKey> {
  const reply = await redis.run(operation, threadKeyScript, keys.thread(threadId), []);
  statusOf(reply, operation);
  const ttl = Number(reply[3]);
  return {
    threadKey: String(reply[1]) || undefined,
    seen: new StoreMoment(Number(reply[2])),
    lastsMs: ttl < 0 ? Number.POSITIVE_INFINITY : ttl,
    isIncomplete: Number(reply[4]) === 1,
  };
}

/** `undefined` for an incomplete thread, which only a deletion sees. */
export async function threadKey(redis: Connection, keys: Keys, threadId: string): Promise<string | undefined> {
  const { threadKey, isIncomplete } = await timedThreadKey(redis, keys, threadId, "put");
  return isIncomplete ? undefined : threadKey;
}

/** A key for a new thread. Never reused, so that it differs from an earlier thread of the same id. */
export function newThreadKey(): string {
  return randomBytes(12).toString("base64url");
}

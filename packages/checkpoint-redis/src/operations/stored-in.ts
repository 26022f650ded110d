import type { ThreadGuard } from "@holdfast/checkpoint-core";
import type { Reply } from "../client.js";
import { statusOf } from "./read-reply.js";

/** The thread that a write went to. */
export interface StoredIn extends ThreadGuard {
  /** Whether the write began it. */
  readonly isNew: boolean;
  /** In how many milliseconds the thread expires; `Infinity`: never. */
  readonly lastsMs: number;
}

/** Decodes `{'stored', key, epoch, is_new, lasts}`. `undefined`: the thread was not the one expected. */
export function storedIn(reply: Reply, operation: string): StoredIn | undefined {
  if (statusOf(reply, operation) !== "stored") return undefined;
  const [, key, epoch, isNew, lasts] = reply;
  return {
    threadKey: String(key),
    epoch: String(epoch),
    isNew: String(isNew) === "1",
    lastsMs: String(lasts) === "" ? Number.POSITIVE_INFINITY : Number(lasts),
  };
}

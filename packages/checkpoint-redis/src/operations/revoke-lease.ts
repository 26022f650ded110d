import type { RevokedLease } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import revokeLeaseText from "./revoke-lease.lua";
import { newThreadKey } from "./thread-key.js";

const revokeLeaseScript = script(threadText, revokeLeaseText);

/** Gives a thread free whose lease was not released, and notes who ended it (contract C-98), in one script. */
export async function revokeLease(
  redis: Connection,
  keys: Keys,
  threadId: string,
  reason: string,
): Promise<RevokedLease | undefined> {
  const reply = await redis.runDurably("revokeLease", revokeLeaseScript, keys.thread(threadId), [reason, newThreadKey()]);
  if (statusOf(reply, "revokeLease") === "none") return undefined;
  return { count: String(reply[1]), owner: String(reply[2]) || undefined };
}

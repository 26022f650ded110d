import type { LeaseAnswer, LeaseRequest } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { acquireLeaseScript, releaseLeaseScript, renewLeaseScript } from "../scripts/index.js";
import { statusOf } from "./read.js";
import { newThreadKey } from "./thread-key.js";

interface Lasting {
  /** In how many milliseconds the thread expires now; absent for one that does not expire, or in which there is nothing to be listed. */
  readonly lastsMs?: number;
}

function lasting(lasts: unknown): Lasting {
  return String(lasts) === "" ? {} : { lastsMs: Number(lasts) };
}

/** Takes the lease of a thread that nobody has (contract C-90), in one script. The thread need not be there. */
export async function acquireLease(
  redis: Connection,
  keys: Keys,
  request: LeaseRequest,
  ttl: string,
): Promise<LeaseAnswer & Lasting> {
  const { threadId, ttlMs, owner, ended = "" } = request;
  const args = [ttlMs, owner, ended, newThreadKey(), ttl];
  const reply = await redis.runDurably("acquireThread", acquireLeaseScript, keys.thread(threadId), args);
  if (statusOf(reply, "acquireThread") === "granted")
    return { kind: "granted", token: String(reply[1]), tries: Number(reply[2]), ...lasting(reply[3]) };
  return { kind: "busy", owner: String(reply[1]) || undefined, remainingMs: Number(reply[2]) };
}

export async function renewLease(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string,
  ttlMs: number,
  ttl: string,
): Promise<Lasting | undefined> {
  const reply = await redis.runDurably("acquireThread", renewLeaseScript, keys.thread(threadId), [token, ttlMs, ttl]);
  return statusOf(reply, "acquireThread") === "renewed" ? lasting(reply[1]) : undefined;
}

export async function releaseLease(redis: Connection, keys: Keys, threadId: string, token: string): Promise<void> {
  statusOf(await redis.runDurably("acquireThread", releaseLeaseScript, keys.thread(threadId), [token]), "acquireThread");
}

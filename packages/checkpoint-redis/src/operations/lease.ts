import { NotDurableError } from "@holdfast/checkpoint-core";
import { type LeaseAnswer, type LeaseLost, type LeaseRequest, newTokenSuffix } from "@holdfast/checkpoint-core/adapter";
import type { Connection, Reply } from "../client.js";
import type { Keys } from "../keys.js";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import acquireLeaseText from "./lease.acquire.lua";
import handOverLeaseText from "./lease.hand-over.lua";
import releaseLeaseText from "./lease.release.lua";
import renewLeaseText from "./lease.renew.lua";
import withdrawLeaseText from "./lease.withdraw.lua";
import { statusOf } from "./read-checkpoints.js";
import { newThreadKey } from "./thread-key.js";
import { lostLease } from "./write-outcome.js";

export const acquireLeaseScript = script(threadText, acquireLeaseText);
const handOverLeaseScript = script(threadText, handOverLeaseText);
const releaseLeaseScript = script(threadText, releaseLeaseText);
const renewLeaseScript = script(threadText, renewLeaseText);
const withdrawLeaseScript = script(threadText, withdrawLeaseText);

interface Lasting {
  /** The thread, and the milliseconds until it now expires; absent for one that does not expire or is empty. */
  readonly lasting?: { readonly ms: number; readonly threadKey: string };
}

function lasting(lasts: unknown, threadKey: unknown): Lasting {
  return String(lasts) === "" ? {} : { lasting: { ms: Number(lasts), threadKey: String(threadKey) } };
}

/** Acquires the lease of a thread that nobody holds (contract C-90), in one script. The thread need not exist. */
export async function acquireLease(
  redis: Connection,
  keys: Keys,
  request: LeaseRequest,
  ttl: string,
): Promise<LeaseAnswer & Lasting> {
  const { threadId, ttlMs, owner, ended = "", takes = "" } = request;
  const requestId = newThreadKey();
  const args = [ttlMs, owner, ended, requestId, ttl, newTokenSuffix(), takes];
  let reply: Reply;
  try {
    reply = await redis.runDurably("acquireThread", acquireLeaseScript, keys.thread(threadId), args);
  } catch (error) {
    // The master granted it, but nobody holds it: withdraw it, so that others need not wait until it expires.
    if (error instanceof NotDurableError) {
      await redis.run("acquireThread", withdrawLeaseScript, keys.thread(threadId), [requestId]).catch(() => undefined);
    }
    throw error;
  }
  if (statusOf(reply, "acquireThread") === "granted") {
    const [first, ...others] = (reply[5] as readonly Buffer[]).map(String);
    const overtaken = first === undefined ? undefined : ([first, ...others] as const);
    return { kind: "granted", token: String(reply[1]), tries: Number(reply[2]), overtaken, ...lasting(reply[3], reply[4]) };
  }
  return { kind: "busy", owner: String(reply[1]) || undefined, remainingMs: Number(reply[2]) };
}

export async function renewLease(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string,
  ttlMs: number,
  ttl: string,
): Promise<(Lasting & { readonly kind: "renewed" }) | LeaseLost> {
  const reply = await redis.runDurably("acquireThread", renewLeaseScript, keys.thread(threadId), [token, ttlMs, ttl]);
  return statusOf(reply, "acquireThread") === "renewed" ? { kind: "renewed", ...lasting(reply[1], reply[2]) } : lostLease(reply);
}

export async function releaseLease(redis: Connection, keys: Keys, threadId: string, token: string): Promise<void> {
  statusOf(await redis.runDurably("acquireThread", releaseLeaseScript, keys.thread(threadId), [token]), "acquireThread");
}

export async function handOverLease(redis: Connection, keys: Keys, threadId: string, token: string): Promise<void> {
  statusOf(await redis.runDurably("acquireThread", handOverLeaseScript, keys.thread(threadId), [token]), "acquireThread");
}

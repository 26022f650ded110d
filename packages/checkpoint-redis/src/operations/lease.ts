import { NotDurableError } from "@holdfast/checkpoint-core";
import {
  type LeaseAnswer,
  type LeaseLost,
  type LeaseRequest,
  newTokenSuffix,
  type RunEnd,
} from "@holdfast/checkpoint-core/adapter";
import type { Connection, Reply } from "../client.js";
import type { Keys } from "../keys.js";
import runsText from "../lua/runs.lua";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import acquireLeaseText from "./lease.acquire.lua";
import handOverLeaseText from "./lease.hand-over.lua";
import releaseLeaseText from "./lease.release.lua";
import renewLeaseText from "./lease.renew.lua";
import withdrawLeaseText from "./lease.withdraw.lua";
import { statusOf } from "./read-checkpoints.js";
import { runEndArguments } from "./runs.js";
import { newThreadKey } from "./thread-key.js";
import { lostLease } from "./write-outcome.js";

export const acquireLeaseScript = script(threadText, acquireLeaseText);
const handOverLeaseScript = script(threadText, handOverLeaseText);
const releaseLeaseScript = script(threadText, runsText, releaseLeaseText);
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
  const { threadId, ttlMs, owner, ended = "", takes = "", run = "" } = request;
  const requestId = newThreadKey();
  const args = [ttlMs, owner, ended, requestId, ttl, newTokenSuffix(), takes, run];
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
    const granted = { token: String(reply[1]), tries: Number(reply[2]), overtaken, run: String(reply[6] ?? "") || undefined };
    return { kind: "granted", ...granted, ...lasting(reply[3], reply[4]) };
  }
  const isSameRun = String(reply[3]) === "1";
  return { kind: "busy", owner: String(reply[1]) || undefined, remainingMs: Number(reply[2]), isSameRun };
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

export async function releaseLease(redis: Connection, keys: Keys, threadId: string, token: string, end?: RunEnd): Promise<void> {
  const args = [token, ...(end === undefined ? [] : runEndArguments(end))];
  statusOf(await redis.runDurably("acquireThread", releaseLeaseScript, keys.thread(threadId), args), "acquireThread");
}

export async function handOverLease(redis: Connection, keys: Keys, threadId: string, token: string): Promise<void> {
  statusOf(await redis.runDurably("acquireThread", handOverLeaseScript, keys.thread(threadId), [token]), "acquireThread");
}

import { randomUUID } from "node:crypto";
import type { SweepCandidate, SweepClaim, SweepPage } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import { INDEX_SHARDS, type Keys } from "../keys.js";
import orderedText from "../lua/ordered.lua";
import threadText from "../lua/thread.lua";
import threadStateText from "../lua/thread-state.lua";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import claimSweepText from "./sweep.claim.lua";
import listCreatedText from "./sweep.created.lua";
import markSweptText from "./sweep.mark.lua";
import releaseSweepText from "./sweep.release.lua";
import sweepStateText from "./sweep.state.lua";

const claimSweepScript = script(claimSweepText);
const listCreatedScript = script(orderedText, listCreatedText);
const markSweptScript = script(threadText, threadStateText, markSweptText);
const releaseSweepScript = script(releaseSweepText);
const sweepStateScript = script(threadText, threadStateText, sweepStateText);

/** Takes the right to sweep, by the clock of the server that holds its key. */
export async function claimSweep(
  redis: Connection,
  keys: Keys,
  token: string | undefined,
  ttlMs: number,
): Promise<SweepClaim | undefined> {
  const reply = await redis.runDurably("sweep", claimSweepScript, keys.sweeper(), [token ?? "", randomUUID(), ttlMs]);
  if (statusOf(reply, "sweep") !== "claimed") return undefined;
  return { token: String(reply[1]), cursor: String(reply[2]) };
}

export async function releaseSweep(redis: Connection, keys: Keys, token: string, cursor: string): Promise<void> {
  await redis.runDurably("sweep", releaseSweepScript, keys.sweeper(), [token, cursor]);
}

/** The next threads of the index, shard by shard, oldest first; and the entries without a thread. */
export async function sweepPage(
  redis: Connection,
  keys: Keys,
  cursor: string,
  limit: number,
): Promise<SweepPage & { readonly absent: readonly IndexEntry[] }> {
  const page = await threadPage(redis, keys, cursor, limit);
  const found = await Promise.all(page.entries.map(({ threadId }) => candidateOf(redis, keys, threadId)));
  return {
    threads: found.filter((candidate) => typeof candidate !== "string"),
    absent: page.entries.filter((_, n) => found[n] === "none"),
    cursor: page.cursor,
  };
}

/** @returns `"none"` for a thread that has expired or does not exist yet; `"incomplete"` for one that is being migrated, which keeps its entry. */
async function candidateOf(redis: Connection, keys: Keys, threadId: string): Promise<SweepCandidate | "none" | "incomplete"> {
  const reply = await redis.run("sweep", sweepStateScript, keys.thread(threadId), []);
  const status = statusOf(reply, "sweep");
  if (status !== "found") return status === "incomplete" ? status : "none";
  const [, idleMs, seen = "", isDirty] = reply.map(String);
  return { threadId, idleMs: Number(idleMs), seen, isDirty: isDirty === "1" };
}

export async function markSwept(redis: Connection, keys: Keys, threadId: string, seen: string): Promise<void> {
  statusOf(await redis.run("sweep", markSweptScript, keys.thread(threadId), [seen]), "sweep");
}

/** The ids of all threads of the index, in batches. */
export async function* allThreads(redis: Connection, keys: Keys, operation: string): AsyncGenerator<readonly string[]> {
  const PAGE = 128;
  for (let cursor: string | undefined; cursor !== ""; ) {
    const page = await threadPage(redis, keys, cursor ?? "", PAGE, operation);
    yield page.entries.map(({ threadId }) => threadId);
    cursor = page.cursor;
  }
}

/** An entry of the index of threads, and its creation by the clock of its server. */
interface IndexEntry {
  readonly threadId: string;
  readonly created: string;
}

/** A cursor is the number of a shard, and the creation and id of the last thread in it. */
async function threadPage(
  redis: Connection,
  keys: Keys,
  cursor: string,
  limit: number,
  operation = "sweep",
): Promise<{ readonly entries: readonly IndexEntry[]; readonly cursor: string }> {
  const [, first = "0", last = "", lastId = ""] = /^(\d+) (\S*) (.*)$/s.exec(cursor) ?? [];
  const entries: IndexEntry[] = [];
  let [created, id] = [last, lastId];
  for (let shard = Number(first); shard < INDEX_SHARDS; shard += 1) {
    const left = limit - entries.length;
    const reply = await redis.run(operation, listCreatedScript, keys.shard(shard).slice(0, 1), [created, id, left]);
    const members = (reply[1] as readonly Buffer[]).map(String);
    for (let n = 0; n < members.length; n += 2)
      entries.push({ threadId: members[n] as string, created: members[n + 1] as string });
    if (members.length === 2 * left) return { entries, cursor: `${shard} ${members.at(-1)} ${members.at(-2)}` };
    [created, id] = ["", ""];
  }
  return { entries, cursor: "" };
}
